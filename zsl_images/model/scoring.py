"""Scoring: the one place where images (latent means) and classes (class priors) meet."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def class_scores(latents: Tensor, class_priors: Tensor) -> Tensor:
    """Score each class by its nearness in latent space (Yu & Lee 2019, eq. 3).

        score(x, k) = -‖mu(x) - mu(a_k)‖²

    The class with the highest score is the answer.

    Args:
        latents: mu(x), (B, L).
        class_priors: mu(a), (K, L).

    Returns:
        (B, K), higher is nearer.
    """
    return -(
        latents.square().sum(1, keepdim=True)
        - 2 * latents @ class_priors.T
        + class_priors.square().sum(1)
    )


def penalised(scores: Tensor, is_seen: Tensor, seen_penalty: float) -> Tensor:
    """Calibrated stacking: score(x, k) - γ·[k is seen] (Chao et al., ECCV 2016).

    Args:
        scores: (B, K).
        is_seen: (K,) bool.
        seen_penalty: γ, in units of squared latent distance.
    """
    return scores - seen_penalty * is_seen.to(scores)


def class_probabilities(scores: Tensor, temperature: float) -> Tensor:
    """softmax(scores / temperature) over classes: (B, K) → (B, K), rows summing to 1."""
    return torch.softmax(scores / temperature, dim=1)


def nearest_distances(scaled: Tensor, centres: Tensor) -> Tensor:
    """Squared distance from each scaled feature (B, P) to the nearest class centre (K, P): (B,)."""
    return -class_scores(scaled, centres).max(1).values


def unknown_scores(distances: Tensor, known_distances: Sequence[float]) -> Tensor:
    """How far a photo lies from every candidate, compared with photos of known classes.

    Args:
        distances: (B,), see `nearest_distances`.
        known_distances: Rising quantiles of the distances of photos of known classes.

    Returns:
        (B,), 0 to 1: the share of known photos that lie nearer to a class than this one does. Near 1
        the photo shows none of the candidates, or nothing that the head recognises.
    """
    quantiles = torch.tensor(known_distances, dtype=distances.dtype, device=distances.device)
    nearer = torch.searchsorted(quantiles, distances.contiguous())
    return nearer / len(quantiles)


def top_classes(probabilities: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The `count` most likely classes: their probabilities, falling, and columns: (B, count) each."""
    return torch.topk(probabilities, min(count, probabilities.shape[1]), dim=1)
