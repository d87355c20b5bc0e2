"""The bound and its terms (Yu & Lee, NeurIPS 2019).

Letters: B batch, D feature, L latent, K classes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from zsl_images.model.config import TrainConfig
from zsl_images.model.mmvae import MultiModalVAE
from zsl_images.model.scoring import class_scores


def bound(
    model: MultiModalVAE,
    x: Tensor,
    y: Tensor,
    priors: Tensor,
    config: TrainConfig,
) -> dict[str, Tensor]:
    """The terms of the negative bound (eq. 2), and those beside it.

    The mixture prior gives a posterior over classes, whose cross-entropy is -log p(y|mu(x)) with
    p(k|z) ∝ N(z; mu(a_k), I): the scores of eq. 3, halved.

    Args:
        model: A model in training mode.
        x: Scaled features (B, P).
        y: Rows of `priors` (B,).
        priors: mu(a), (K, L).
        config: Weights of the terms.

    Returns:
        Weighted terms by name; their sum is what training descends.
    """
    mu, logvar = model.encoder(x)  # (B, L) each
    own = priors.index_select(0, y)  # (B, L); priors[y] would sum its gradient in varying order
    z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
    losses = {
        "reconstruction": config.bound_weight * reconstruction_loss(model.decoder(z), x),
        "kl": config.bound_weight * config.kl_weight * gaussian_kl(mu, logvar, own),
    }
    if config.regularisation_weight:
        losses["regularisation"] = config.regularisation_weight * prior_regularisation(
            priors, margin=2 * priors.shape[1]
        )
    if config.cross_entropy_weight:
        losses["cross-entropy"] = config.cross_entropy_weight * F.cross_entropy(
            class_scores(mu, priors) / 2, y
        )
    return losses


def reconstruction_loss(decoded: Tensor, features: Tensor) -> Tensor:
    """-log p(x|z) of a Gaussian with unit variance, without its constant and factor ½ (eq. 2).

        Σ_d (x_d - x̂_d)²

    Args:
        decoded: x̂, (B, D).
        features: x, (B, D).
    """
    return (decoded - features).square().sum(1).mean()


def gaussian_kl(mu: Tensor, logvar: Tensor, prior_mu: Tensor) -> Tensor:
    """KL( N(mu, diag exp(logvar)) ‖ N(prior_mu, I) ) (eq. 2).

        ½ Σ_l ( exp(logvar_l) + (mu_l - prior_mu_l)² - 1 - logvar_l )

    Args:
        mu: (B, L).
        logvar: (B, L).
        prior_mu: The class prior of each row's class, (B, L).
    """
    return 0.5 * (logvar.exp() + (mu - prior_mu).square() - 1 - logvar).sum(1).mean()


def prior_regularisation(class_priors: Tensor, margin: float) -> Tensor:
    """Hinge that keeps class priors apart (Yu & Lee 2019, sec. 3.2, and the authors' code).

        1/K Σ_{i<j} max(0, m - ‖mu_i - mu_j‖₁)²

    Args:
        class_priors: (K, L).
        margin: m, which is 2·L in the authors' code. They sum over the pairs in a batch, as they sum
            the other terms over its rows; here every term is a mean: over rows, and this one over
            classes.
    """
    classes = len(class_priors)
    first, second = torch.triu_indices(classes, classes, offset=1, device=class_priors.device)
    apart = (class_priors[first] - class_priors[second]).abs().sum(1)
    return (margin - apart).clamp_min(0).square().sum() / classes
