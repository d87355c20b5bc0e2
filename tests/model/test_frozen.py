from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from zsl_images.errors import DataError
from zsl_images.model.config import ModelConfig
from zsl_images.model.frozen import FrozenVAE, shapes_of
from zsl_images.model.frozen_parts import PARTS
from zsl_images.model.mmvae import MultiModalVAE, build, thawed
from zsl_images.model.recipes import RECIPES

SIZES = {"feature_dim": 12, "attribute_dim": 9, "seen_classes": 7, "latent_dim": 8}
CONFIGS = {
    **{name: replace(recipe.model, **SIZES) for name, recipe in RECIPES.items()},
    "words": replace(RECIPES["best"].model, **SIZES, text_dim=4),
    "no norm": replace(RECIPES["sgal"].model, **SIZES, batch_norm=False, prior_dropout=0.0),
    "sphere": replace(RECIPES["sgal"].model, **SIZES, radius=3.0),
}


def trained(config: ModelConfig) -> MultiModalVAE:
    """A model with weights of every kind, as after a training."""
    model = build(config)
    generator = torch.Generator().manual_seed(0)
    model.feature_scaling.fit([torch.rand(40, 12, generator=generator)])
    a = torch.rand(7, 9, generator=generator)
    model.attribute_scaling.fit(a)
    model.prior.fit(model.attribute_scaling(a), torch.ones(7))
    for name, value in model.state_dict().items():
        if value.is_floating_point() and "scaling" not in name and "centres" not in name:
            drawn = 0.5 + torch.rand(value.shape, generator=generator)
            value.copy_(drawn if "running_var" in name or "bandwidth" in name else drawn - 1)
    return model.eval().requires_grad_(False)


@pytest.fixture(params=CONFIGS.values(), ids=CONFIGS)
def model(request: pytest.FixtureRequest) -> MultiModalVAE:
    return trained(request.param)


def test_a_frozen_model_computes_what_the_torch_model_does(model: MultiModalVAE) -> None:
    rng = np.random.default_rng(1)
    features, attributes = (rng.random((5, width), np.float32) for width in (12, 9))
    is_seen = np.array([True, False, True, False, True])
    frozen = model.frozen()
    priors = model.class_priors(torch.from_numpy(attributes))
    found = frozen.class_priors(attributes)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, priors, atol=1e-5)
    np.testing.assert_allclose(
        frozen.known_longer(found, is_seen),
        model.known_longer(priors, torch.from_numpy(is_seen)),
        atol=1e-5,
    )
    np.testing.assert_allclose(
        frozen.latents(features), model.latents(torch.from_numpy(features)), atol=1e-5
    )
    decoded = frozen.feature_scaling.place(frozen.decoder(found))
    expected = model.feature_scaling.place(model.decoder(priors))
    np.testing.assert_allclose(decoded, expected, atol=1e-5, rtol=1e-5)


def test_its_arrays_are_those_of_the_torch_model(model: MultiModalVAE) -> None:
    arrays = model.frozen().arrays
    assert {name: array.shape for name, array in arrays.items()} == shapes_of(model.config)


def test_freezing_and_thawing_gives_the_same_model(model: MultiModalVAE) -> None:
    again = thawed(model.frozen())
    assert not again.training
    assert not any(parameter.requires_grad for parameter in again.parameters())
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


def test_thawing_draws_no_random_number(model: MultiModalVAE) -> None:
    state = torch.get_rng_state()
    thawed(model.frozen())
    assert torch.equal(torch.get_rng_state(), state)


def test_a_frozen_model_is_a_copy_and_can_be_pickled(model: MultiModalVAE) -> None:
    frozen = model.frozen()
    features = np.random.default_rng(1).random((5, 12), np.float32)
    before = frozen.latents(features)
    for value in model.state_dict().values():
        value.zero_()
    np.testing.assert_array_equal(frozen.latents(features), before)
    again = pickle.loads(pickle.dumps(frozen))
    np.testing.assert_array_equal(again.latents(features), before)


@pytest.mark.parametrize("place", PARTS)
def test_an_unknown_part_is_refused(place: str) -> None:
    config = replace(ModelConfig(**SIZES), **{place: "wings"})
    with pytest.raises(DataError, match=r"unknown .* 'wings'; expected one of"):
        FrozenVAE(config, {})
