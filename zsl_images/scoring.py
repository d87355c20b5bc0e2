"""Scoring: the one place where images (latent means) and classes (class priors) meet."""

from __future__ import annotations

import torch
from torch import Tensor


def class_scores(
    latents: Tensor, class_priors: Tensor, is_seen: Tensor | None = None, seen_penalty: float = 0.0
) -> Tensor:
    """Score each class by its nearness in latent space (Yu & Lee 2019, eq. 3).

        score(x, k) = -‖mu(x) - mu(a_k)‖² - γ·[k is seen]

    The class with the highest score is the answer; γ is calibrated stacking (Chao et al. 2016).

    Args:
        latents: mu(x), (B, L).
        class_priors: mu(a), (K, L).
        is_seen: (K,) bool; needed where `seen_penalty` is not 0.
        seen_penalty: γ, in units of squared latent distance.

    Returns:
        (B, K), higher is nearer.
    """
    scores = -(
        latents.square().sum(1, keepdim=True)
        - 2 * latents @ class_priors.T
        + class_priors.square().sum(1)
    )
    if is_seen is not None and seen_penalty:
        scores = scores - seen_penalty * is_seen.to(scores)
    return scores


def class_probabilities(scores: Tensor, temperature: float) -> Tensor:
    """softmax(scores / temperature) over classes: (B, K) → (B, K), rows summing to 1."""
    return torch.softmax(scores / temperature, dim=1)


def top_classes(probabilities: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` likeliest classes: probabilities and columns, both (B, count), falling."""
    return torch.topk(probabilities, min(count, probabilities.shape[1]), dim=1)
