from __future__ import annotations

import pytest
import torch

from zsl_images.model.noise import GaussianNoise, MeasuredNoise, Noise, UnitNoise

ERRORS = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
DEVIATIONS = torch.arange(20.0).reshape(5, 4)
SPREAD = torch.tensor([0.0, 1.0, 2.0, 3.0])
NONE = ERRORS[:0]


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def deviations(count: int, generator: torch.Generator) -> torch.Tensor:
    return DEVIATIONS[torch.randint(len(DEVIATIONS), (count,), generator=generator)]


def rows(values: torch.Tensor) -> set[tuple[float, ...]]:
    return {tuple(row) for row in values.tolist()}


def test_unit_noise_is_the_papers(generator: torch.Generator) -> None:
    noise = UnitNoise(ERRORS, deviations)
    z = noise.of_latents(20000, generator)
    torch.testing.assert_close(z.mean(0), torch.zeros(2), atol=0.03, rtol=0)
    torch.testing.assert_close(z.T.cov(), torch.eye(2), atol=0.05, rtol=0)
    assert torch.equal(noise.of_features(6, generator), torch.zeros(6, 1))


def test_measured_noise_is_what_was_measured(generator: torch.Generator) -> None:
    noise = MeasuredNoise(ERRORS, deviations)
    assert rows(noise.of_latents(100, generator)) == rows(ERRORS)
    assert rows(noise.of_features(100, generator)) == rows(DEVIATIONS)


def test_gaussian_noise_has_the_spread_given(generator: torch.Generator) -> None:
    noise = GaussianNoise(ERRORS, SPREAD)
    assert rows(noise.of_latents(100, generator)) == rows(ERRORS)
    torch.testing.assert_close(noise.of_features(20000, generator).std(0), SPREAD, atol=0.1, rtol=0)


@pytest.mark.parametrize("noise", [MeasuredNoise(NONE, deviations), GaussianNoise(NONE, SPREAD)])
def test_latents_get_unit_noise_if_no_error_was_measured(
    noise: Noise, generator: torch.Generator
) -> None:
    z = noise.of_latents(20000, generator)
    torch.testing.assert_close(z.std(0), torch.ones(2), atol=0.05, rtol=0)
