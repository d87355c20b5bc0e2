"""Outside: how far a photo lies from everything that a head's features can express.

Letters: B photos, D feature, P scaled feature.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from zsl_images.model.frozen import FrozenVAE

Distances = npt.NDArray[np.float32]


class Outside:
    """The part of a feature that lies along none of the axes that a head keeps.

    A whitened head keeps the P principal axes of its training features. Photos of other things than
    those that it learned from lie outside these axes, whatever class they are nearest to.

    Args:
        frozen: Frozen model of a head. A scaling that leaves out no axis leaves nothing outside.
    """

    def __init__(self, frozen: FrozenVAE) -> None:
        self._scaling, self._axes = frozen.feature_scaling, None
        self.weight = 0.0
        """What a squared length counts here: λ^(-1/2), as whitening counts one along the last axis."""
        if frozen.config.feature_scaling == "whitened":
            projection = self._scaling.projection
            lengths = np.square(projection).sum(axis=1)  # λ^(-1/2); 0 for axes that are missing
            kept = lengths > 0
            if kept.any():
                self._axes = projection[kept] / np.sqrt(lengths[kept, None])  # orthonormal, (P, D)
                self.weight = float(lengths.max())

    def __call__(self, features: npt.NDArray[np.floating[Any]]) -> Distances:
        """Squared length of what lies outside: (B, D) → (B,)."""
        if self._axes is None:
            return np.zeros(len(features), np.float32)
        scaling = self._scaling
        centred = scaling.directions(features.astype(np.float32)) - scaling.centre  # (B, D)
        squares = np.square(centred).sum(axis=1) - np.square(centred @ self._axes.T).sum(axis=1)
        left: Distances = np.maximum(squares, 0)
        return left
