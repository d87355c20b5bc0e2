from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
import torch
from small_models import Data, fitted, small, small_data

from zsl_images.errors import DataError
from zsl_images.model.config import ModelConfig
from zsl_images.model.encoder_decoder import DECODERS, ENCODERS
from zsl_images.model.mmvae import MultiModalVAE, build
from zsl_images.model.noise import MeasuredNoise, UnitNoise
from zsl_images.model.priors import PRIORS
from zsl_images.model.scalings import ATTRIBUTE_SCALINGS, FEATURE_SCALINGS

PARTS = {
    "feature_scaling": FEATURE_SCALINGS,
    "attribute_scaling": ATTRIBUTE_SCALINGS,
    "encoder": ENCODERS,
    "decoder": DECODERS,
    "prior": PRIORS,
}


@pytest.fixture(scope="module")
def data() -> Data:
    return small_data()


@pytest.fixture
def model() -> MultiModalVAE:
    config = replace(small("best-dropout").model, feature_dim=40, attribute_dim=10, seen_classes=12)
    return build(config)


@pytest.mark.parametrize("names", list(product(*PARTS.values())), ids="-".join)
def test_every_part_goes_with_every_other(names: tuple[str, ...], data: Data) -> None:
    recipe = small("best", batch_size=0, warm_up_epochs=1, learn_epochs=1)
    width = data.features.shape[1]
    parts = replace(recipe.model, latent_dim=width, **dict(zip(PARTS, names, strict=True)))
    model = fitted(data, replace(recipe, model=parts))
    scores = model.scores(torch.tensor(data.features), torch.tensor(data.attributes))
    assert scores.shape == (len(data.features), len(data.attributes))
    assert torch.isfinite(scores).all()


@pytest.mark.parametrize("part", PARTS)
def test_an_unknown_part_is_refused_with_the_known_ones(part: str) -> None:
    config = replace(ModelConfig(feature_dim=4, attribute_dim=4), **{part: "wings"})
    expected = f"unknown {part.replace('_', ' ')} 'wings'; expected one of {', '.join(PARTS[part])}"
    with pytest.raises(DataError, match=expected):
        build(config)


def test_features_are_generated_from_priors_and_noise(model: MultiModalVAE) -> None:
    errors, priors = torch.full((1, 16), 0.5), torch.randn(6, 16)
    noise = MeasuredNoise(errors, lambda count, generator: torch.full((count, 16), 0.25))
    x = model.generate(priors, noise, torch.Generator())
    z = model.space.place(priors + 0.5)
    torch.testing.assert_close(x, model.feature_scaling.place(model.decoder.eval()(z) + 0.25))


def test_the_decoder_drops_while_generating_only_if_samples_are_asked_for(model: MultiModalVAE) -> None:
    noise, priors = UnitNoise(torch.zeros(1, 16), torch.randn), torch.randn(6, 16)

    def generated(dropout_samples: int) -> torch.Tensor:
        return model.generate(priors, noise, torch.Generator().manual_seed(0), dropout_samples)

    model.train()
    assert torch.equal(generated(0), generated(0))
    first, second = generated(2).chunk(2)  # two samples of the same z
    assert first.shape == priors.shape
    assert not torch.isclose(first, second).all(dim=1).any()
    assert all(part.training for part in model.modules())


def test_seen_classes_score_by_longer_priors(model: MultiModalVAE) -> None:
    model.config = replace(model.config, seen_length=1.5)
    torch.nn.init.normal_(model.prior.weight)
    features, attributes = torch.rand(7, 40), torch.rand(5, 10)
    is_seen = torch.tensor([True, False, True, False, False])
    priors = model.class_priors(attributes)
    longer = torch.where(is_seen[:, None], 1.5 * priors, priors)
    expected = -torch.cdist(model.latents(features), longer).square()
    scores = model.scores(features, attributes, is_seen)
    torch.testing.assert_close(scores, expected, rtol=1e-3, atol=1e-2)
    plain = model.scores(features, attributes)
    torch.testing.assert_close(plain[:, ~is_seen], scores[:, ~is_seen])
    assert not torch.isclose(plain[:, is_seen], scores[:, is_seen]).any()


def test_a_model_can_be_moved_to_a_device() -> None:
    for name in ("best", "mmvae"):
        config = replace(small(name).model, feature_dim=40, attribute_dim=10, seen_classes=12)
        model = build(config).eval().to("meta")
        assert model.device.type == "meta"
        scores = model.scores(torch.rand(7, 40, device="meta"), torch.rand(5, 10, device="meta"))
        assert scores.shape == (7, 5)
        assert scores.device.type == "meta"
