from __future__ import annotations

import pytest
import torch

from zsl_images.model.config import ModelConfig
from zsl_images.model.formulas import TEXT_SHARE
from zsl_images.model.scalings import (
    ATTRIBUTE_SCALINGS,
    FEATURE_SCALINGS,
    FeatureScaling,
    LengthScaling,
    MaxScaling,
    StandardScaling,
    WhitenedScaling,
)


@pytest.fixture
def features() -> torch.Tensor:
    return torch.rand(60, 8, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def attributes() -> torch.Tensor:
    return 100 * torch.rand(9, 5, generator=torch.Generator().manual_seed(1))


def test_the_largest_training_feature_becomes_one(features: torch.Tensor) -> None:
    scaling = MaxScaling(ModelConfig(feature_dim=8))
    scaling.fit([7 * features])
    torch.testing.assert_close(scaling(7 * features), features / features.max())
    assert scaling.width == 8


def test_whitened_features_lie_on_the_sphere_whatever_their_length(features: torch.Tensor) -> None:
    scaling = WhitenedScaling(ModelConfig(feature_dim=8, latent_dim=4, radius=5.0))
    scaling.fit([features])
    scaled = scaling(features)
    assert scaled.shape == (60, scaling.width) == (60, 4)
    torch.testing.assert_close(scaled.norm(dim=1), torch.full((60,), 5.0))
    torch.testing.assert_close(scaling(7 * features), scaled, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(scaling.place(3 * scaled), scaled)


@pytest.mark.parametrize("kind", FEATURE_SCALINGS.values())
def test_blocks_of_features_say_what_all_of_them_say(
    kind: type[FeatureScaling], features: torch.Tensor
) -> None:
    config = ModelConfig(feature_dim=8, latent_dim=8)
    whole, parts = kind(config), kind(config)
    whole.fit([features])
    parts.fit(features.split(7))
    torch.testing.assert_close(parts(features).abs(), whole(features).abs(), rtol=1e-4, atol=1e-5)


def test_a_power_comes_before_whitening_and_keeps_signs(features: torch.Tensor) -> None:
    features = features - 0.5
    powered = WhitenedScaling(ModelConfig(feature_dim=8, latent_dim=4, feature_power=0.5))
    plain = WhitenedScaling(ModelConfig(feature_dim=8, latent_dim=4))
    roots = features.sign() * features.abs().sqrt()
    powered.fit([features])
    plain.fit([roots])
    torch.testing.assert_close(powered(features), plain(roots))


def test_whitened_features_are_halfway_to_white(features: torch.Tensor) -> None:
    scaling = WhitenedScaling(ModelConfig(feature_dim=8, latent_dim=8))
    scaling.fit([features])
    unit = torch.nn.functional.normalize(features, dim=1)
    covariance = scaling(features).T.cov(correction=0)
    variances = torch.linalg.eigvalsh(unit.T.cov(correction=0)).flip(0)
    torch.testing.assert_close(covariance, variances.sqrt().diag(), rtol=1e-3, atol=1e-4)


def test_axes_that_the_training_features_lack_are_nothing(features: torch.Tensor) -> None:
    scaling = WhitenedScaling(ModelConfig(feature_dim=8, latent_dim=8, radius=5.0))
    scaling.fit([features[:4]])  # four rows about their mean have three axes
    assert not scaling.projection[3:].any()
    assert torch.isfinite(scaling(features)).all()


@pytest.mark.parametrize("name", ATTRIBUTE_SCALINGS)
def test_scaled_attributes_have_length_one(name: str, attributes: torch.Tensor) -> None:
    scaling = ATTRIBUTE_SCALINGS[name](ModelConfig(attribute_dim=5))
    scaling.fit(attributes)
    torch.testing.assert_close(scaling(attributes).norm(dim=1), torch.ones(9))


def test_the_papers_scaling_keeps_directions(attributes: torch.Tensor) -> None:
    scaling = LengthScaling(ModelConfig(attribute_dim=5))
    scaling.fit(attributes)
    expected = attributes / attributes.norm(dim=1, keepdim=True)
    torch.testing.assert_close(scaling(attributes), expected)


def test_standardising_takes_shifts_and_units_out(attributes: torch.Tensor) -> None:
    def scaled(values: torch.Tensor) -> torch.Tensor:
        scaling = StandardScaling(ModelConfig(attribute_dim=5))
        scaling.fit(values)
        return scaling(values)

    torch.testing.assert_close(scaled(attributes / 100 + 3), scaled(attributes), rtol=1e-3, atol=1e-3)
    constant = attributes.clone()
    constant[:, 2] = 7
    assert not scaled(constant)[:, 2].any()


@pytest.mark.parametrize("name", ATTRIBUTE_SCALINGS)
def test_attributes_and_descriptions_are_scaled_apart_and_have_their_shares(name: str) -> None:
    generator = torch.Generator().manual_seed(0)
    attributes, text = (torch.randn(9, width, generator=generator) for width in (5, 20))
    scaling = ATTRIBUTE_SCALINGS[name](ModelConfig(attribute_dim=25, text_dim=20))

    def scaled(factor: float) -> torch.Tensor:
        both = torch.cat([100 * attributes, factor * text], dim=1)
        scaling.fit(both)
        return scaling(both)

    torch.testing.assert_close(scaled(0.01), scaled(10.0))
    torch.testing.assert_close(scaled(1.0)[:, :5].square().sum(1), torch.full((9,), 1 - TEXT_SHARE))
    torch.testing.assert_close(scaled(1.0)[:, 5:].square().sum(1), torch.full((9,), TEXT_SHARE))
