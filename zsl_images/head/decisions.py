"""Decisions: features become labels, in this one place."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from torch import Tensor

from zsl_images.results import LevelLabel

_ROWS = 4096
"""Features that are scored at once."""


class FeatureLabels(NamedTuple):
    """The likeliest classes of N features.

    Args:
        probabilities: (N, k), falling.
        columns: (N, k), the classes' rows in the table.
        unknown: (N,), see `Prediction.unknown_score`; NaN where the head was not validated.
        answers: (N,), see `Prediction.answer`; None without a taxonomy.
    """

    probabilities: npt.NDArray[np.float32]
    columns: npt.NDArray[np.int64]
    unknown: npt.NDArray[np.float32]
    answers: list[LevelLabel | None]


class _Scored(NamedTuple):
    """Of B features: latents (B, L), penalised scores and probabilities (B, K), unknown scores (B,)."""

    latents: Tensor
    scores: Tensor
    probabilities: Tensor
    unknown: Tensor


def _check_top_k(top_k: int) -> None:
    if top_k < 1:
        raise ValueError(f"top_k is {top_k}, expected 1 or more")
