"""Label sets: as many labels per photo as it takes to hold the right one in a stated share of photos.

Split conformal prediction with the score of Sadinle, Lei & Wasserman, "Least Ambiguous Set-Valued
Classifiers with Bounded Error Levels" (JASA 2019): the misfit of a held-out photo is 1 - probability of
its true class. A class is in the set of a new photo if its misfit there is at most

    the ⌈(n + 1) · coverage⌉-th smallest of the n held-out misfits.

Then the set holds the right class for at least that share of photos, if these are like the held-out
ones, from the same cameras and classes, among the same candidates, with the same seen penalty. It holds
on average over photos, not for every class, and only for classes that the head learned from photos.
Unseen classes have held-out misfits of their own, of classes that played unseen; truly unseen ones may
differ.

Letters: N photos, K candidates.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError
from zsl_images.head.calibration import Calibration


class SetMaker:
    """Makes label sets.

    Args:
        calibration: Calibration of a head, with held-out misfits.
        table: The K candidates.
        coverage: Share of the photos of known classes whose set must hold the right label, 0 to 1.

    Raises:
        DataError: The head has no held-out misfits.
    """

    def __init__(self, calibration: Calibration, table: ClassTable, coverage: float) -> None:
        if not calibration.seen_misfits:
            raise DataError(
                "the head has no held-out photos to make label sets from: train it with validation, or "
                "give it labelled photos with `zsl calibrate`"
            )
        of_seen = largest_misfit(calibration.seen_misfits, coverage)
        of_unseen = largest_misfit(calibration.unseen_misfits or calibration.seen_misfits, coverage)
        self.names = table.names
        self.largest = np.where(table.is_seen, of_seen, of_unseen)  # (K,)

    def __call__(self, probabilities: npt.NDArray[np.float32]) -> list[tuple[str, ...]]:
        """The label set of each photo, the likeliest first; it may be empty. (N, K) → N sets."""
        is_in = 1 - probabilities <= self.largest
        order = np.argsort(-probabilities, axis=1, kind="stable")
        return [
            tuple(self.names[k] for k in row if inside[k])
            for row, inside in zip(order, is_in, strict=True)
        ]


def largest_misfit(misfits: Sequence[float], coverage: float) -> float:
    """The largest misfit of a class in a set; infinite if there are too few held-out misfits.

    Args:
        misfits: n rising misfits of held-out photos.
        coverage: Share of photos, 0 to 1.
    """
    rank = math.ceil((len(misfits) + 1) * coverage - 1e-9)
    return misfits[rank - 1] if 0 < rank <= len(misfits) else math.inf if rank else -math.inf
