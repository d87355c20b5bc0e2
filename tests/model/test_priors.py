from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from zsl_images.model.config import ModelConfig
from zsl_images.model.formulas import drawn_to_photos
from zsl_images.model.latent_space import Space, space_of
from zsl_images.model.priors import PRIORS, ClassPrior, DensePrior, KernelPrior

CONFIG = ModelConfig(attribute_dim=4, latent_dim=3, seen_classes=7, radius=2.0)


@pytest.fixture
def attributes() -> torch.Tensor:
    return torch.randn(7, 4, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def means() -> torch.Tensor:
    return space_of(2.0).place(torch.randn(7, 3, generator=torch.Generator().manual_seed(1)))


def prior_of(name: str, attributes: torch.Tensor, means: torch.Tensor) -> ClassPrior:
    prior = PRIORS[name](CONFIG)
    prior.fit(attributes, torch.ones(len(attributes)))
    prior.settle(means)
    return prior.eval()


@pytest.mark.parametrize("name", PRIORS)
def test_classes_come_and_go_without_touching_the_others(
    name: str, attributes: torch.Tensor, means: torch.Tensor
) -> None:
    prior = prior_of(name, attributes, means)
    order = torch.tensor([3, 6, 1])
    torch.testing.assert_close(prior(attributes)[order], prior(attributes[order]))
    torch.testing.assert_close(prior(attributes).norm(dim=1), torch.full((7,), 2.0))


def test_a_dense_prior_has_no_closed_form(attributes: torch.Tensor, means: torch.Tensor) -> None:
    prior = DensePrior(CONFIG).eval()
    before = prior(attributes)
    prior.settle(means)
    assert torch.equal(prior(attributes), before)
    assert prior.left_out(means) is None
    assert prior.errors(means).shape == (0, 3)


def test_a_class_left_out_in_closed_form_is_what_leaving_it_out_gives(
    attributes: torch.Tensor, means: torch.Tensor
) -> None:
    prior = KernelPrior(CONFIG)
    prior.fit(attributes, torch.ones(len(attributes)))
    others = torch.arange(7) != 2
    kernel = prior.kernel(attributes[others], attributes[others])
    weight = torch.linalg.solve(kernel + CONFIG.ridge * torch.eye(6), means[others])
    expected = prior.kernel(attributes[2:3], attributes[others]) @ weight
    expected = prior.space.place(expected)
    left_out = prior.left_out(means)
    assert left_out is not None
    torch.testing.assert_close(left_out[2:3], expected, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(prior.errors(means)[2:3], means[2:3] - expected, rtol=1e-4, atol=1e-4)


def test_a_smaller_ridge_leads_nearer_to_the_class_means(
    attributes: torch.Tensor, means: torch.Tensor
) -> None:
    off = []
    for ridge in (1e-6, 0.1, 10.0):
        prior = KernelPrior(replace(CONFIG, ridge=ridge, radius=0.0))
        prior.fit(attributes, torch.ones(len(attributes)))
        prior.settle(means)
        off.append((prior(attributes) - means).norm().item())
    assert off == sorted(off)
    assert off[0] < 1e-3


def test_variances_are_those_of_a_gaussian_process(
    attributes: torch.Tensor, means: torch.Tensor
) -> None:
    prior = KernelPrior(replace(CONFIG, seen_classes=6))
    prior.fit(attributes[:6], torch.ones(6))
    attributes[6] += 5  # far from all centres
    kernel = prior.kernel(attributes, attributes[:6]).double()  # (7, 6)
    inverse = torch.linalg.inv(kernel[:6] + CONFIG.ridge * torch.eye(6))
    expected = 1 - (kernel @ inverse @ kernel.T).diagonal()
    torch.testing.assert_close(prior.variances(attributes).double(), expected, rtol=1e-4, atol=1e-5)
    assert prior.variances(attributes).argmax() == 6


def test_the_prior_of_a_class_is_the_shorter_the_less_is_known_of_it(
    attributes: torch.Tensor, means: torch.Tensor
) -> None:
    prior = KernelPrior(replace(CONFIG, seen_classes=6, shrinkage=0.5))
    prior.fit(attributes[:6], torch.ones(6))
    prior.settle(means[:6])
    attributes[6] += 5  # far from all centres
    lengths, variances = prior(attributes).norm(dim=1), prior.variances(attributes)
    torch.testing.assert_close(lengths, 2.0 / (1 + 0.5 * (variances - variances[:6].mean())))
    assert lengths.argmin() == 6


@pytest.mark.parametrize("space", [Space(), space_of(2.0)], ids=["flat", "sphere"])
def test_a_prior_weighs_as_much_as_so_many_photos(space: Space, means: torch.Tensor) -> None:
    priors = means.flip(0)[:3]
    moved = drawn_to_photos(priors, means[:3], torch.tensor([0, 5, 10**9]), 5.0, space)
    torch.testing.assert_close(moved[0], priors[0])
    torch.testing.assert_close(moved[1], space.place((priors[1] + means[1]) / 2))
    torch.testing.assert_close(moved[2], means[2])
