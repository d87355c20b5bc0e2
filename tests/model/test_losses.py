from __future__ import annotations

import pytest
import torch
from torch.distributions import Independent, Normal, kl_divergence

from zsl_images.model.losses import gaussian_kl, prior_regularisation, reconstruction_loss


def test_kl_agrees_with_torch_distributions() -> None:
    mu, logvar, prior_mu = torch.randn(3, 7, 5).double()
    q = Independent(Normal(mu, (0.5 * logvar).exp()), 1)
    p = Independent(Normal(prior_mu, torch.ones_like(prior_mu)), 1)
    torch.testing.assert_close(gaussian_kl(mu, logvar, prior_mu), kl_divergence(q, p).mean())


def test_kl_of_a_prior_with_itself_is_nothing() -> None:
    mu = torch.randn(4, 3)
    assert gaussian_kl(mu, torch.zeros(4, 3), mu) == 0


def test_reconstruction_differs_from_the_likelihood_by_a_constant() -> None:
    x, first, second = torch.randn(3, 6, 4).double()

    def negative_log_likelihood(decoded: torch.Tensor) -> torch.Tensor:
        return -Independent(Normal(decoded, 1.0), 1).log_prob(x).mean()

    torch.testing.assert_close(
        reconstruction_loss(first, x) - reconstruction_loss(second, x),
        2 * (negative_log_likelihood(first) - negative_log_likelihood(second)),
    )


def test_priors_are_pushed_apart_only_below_the_margin() -> None:
    near = torch.tensor([[0.0, 0.0], [1.0, 0.0]], requires_grad=True)
    loss = prior_regularisation(near, margin=4.0)
    assert loss.item() == pytest.approx((4 - 1) ** 2 / 2)
    loss.backward()
    assert near.grad is not None
    assert near.grad[0, 0] > 0 > near.grad[1, 0]  # a step down the gradient widens the gap
    far = torch.tensor([[0.0, 0.0], [5.0, 0.0]])
    assert prior_regularisation(far, margin=4.0) == 0
