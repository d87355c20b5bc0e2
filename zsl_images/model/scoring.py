"""Scoring: the one place where images (latent means) and classes (class priors) meet.

Arrays are NumPy's or torch's alike; see `arrays`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zsl_images.model.arrays import Array, namespace


def class_scores(latents: Array, class_priors: Array) -> Array:
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
        (latents**2).sum(1, keepdims=True) - 2 * latents @ class_priors.T + (class_priors**2).sum(1)
    )


def penalised(scores: Array, is_seen: Array, seen_penalty: float) -> Array:
    """Calibrated stacking: score(x, k) - γ·[k is seen] (Chao et al., ECCV 2016).

    Args:
        scores: (B, K).
        is_seen: (K,) bool.
        seen_penalty: γ, in units of squared latent distance.
    """
    return namespace(scores).where(is_seen, scores - seen_penalty, scores)


def class_probabilities(scores: Array, temperature: float) -> Array:
    """softmax(scores / temperature) over classes: (B, K) → (B, K), rows summing to 1."""
    xp, logits = namespace(scores), scores / temperature
    odds = xp.exp(logits - xp.amax(logits, axis=1, keepdims=True))
    return odds / odds.sum(1, keepdims=True)


def nearest_distances(scaled: Array, centres: Array) -> Array:
    """Squared distance from each scaled feature (B, P) to the nearest class centre (K, P): (B,)."""
    return -namespace(scaled).amax(class_scores(scaled, centres), axis=1)


def top_classes(
    probabilities: npt.NDArray[np.float32], count: int
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """The `count` most likely classes: their probabilities, falling, and columns: (B, count) each."""
    count = min(count, probabilities.shape[1])
    columns = np.argpartition(-probabilities, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(probabilities, columns, 1), axis=1, kind="stable")
    columns = np.take_along_axis(columns, order, 1)
    return np.take_along_axis(probabilities, columns, 1), columns
