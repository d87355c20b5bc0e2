from __future__ import annotations

import numpy as np
import torch

from zsl_images.model.config import ModelConfig
from zsl_images.model.encoder_decoder import DECODERS, ENCODERS, dense
from zsl_images.model.frozen_parts import PARTS, FrozenKernelPrior, FrozenLayers, under
from zsl_images.model.priors import PRIORS
from zsl_images.model.scalings import ATTRIBUTE_SCALINGS, FEATURE_SCALINGS


def test_every_part_can_be_frozen() -> None:
    learning = {
        "feature_scaling": FEATURE_SCALINGS,
        "attribute_scaling": ATTRIBUTE_SCALINGS,
        "encoder": ENCODERS,
        "decoder": DECODERS,
        "prior": PRIORS,
    }
    assert {place: set(kinds) for place, kinds in learning.items()} == {
        place: set(kinds) for place, kinds in PARTS.items()
    }


def test_layers_are_torchs_in_eval_mode() -> None:
    config = ModelConfig(negative_slope=0.3)
    layers = dense((5, 7, 6), config, dropout=0.5)
    layers(torch.randn(40, 5, generator=torch.Generator().manual_seed(0)))  # moves the batch norms
    layers.eval()
    arrays = {name: value.numpy() for name, value in layers.state_dict().items()}
    x = np.random.default_rng(0).normal(size=(3, 5)).astype(np.float32)
    with torch.no_grad():
        expected = layers(torch.from_numpy(x))
    np.testing.assert_allclose(FrozenLayers(config, arrays)(x), expected, atol=1e-6)
    np.testing.assert_array_equal(FrozenLayers(config, {})(x), x)


def test_the_kernel_is_inverted_once() -> None:
    rng = np.random.default_rng(0)
    config = ModelConfig(attribute_dim=3, seen_classes=4, latent_dim=2, shrinkage=0.3)
    arrays = {
        name: rng.random(shape).astype(np.float32)
        for name, shape in FrozenKernelPrior.shapes(config).items()
    }
    prior = FrozenKernelPrior(config, arrays)
    assert prior.whitener() is prior.whitener()
    inverse = prior.whitener().T @ prior.whitener()
    np.testing.assert_allclose(inverse @ prior.ridged(), np.eye(4), atol=1e-3)


def test_arrays_under_a_place_lose_its_name() -> None:
    arrays = {"a.b.c": np.zeros(1), "ab.c": np.ones(1), "a.d": np.ones(2)}
    assert list(under(arrays, "a")) == ["b.c", "d"]
