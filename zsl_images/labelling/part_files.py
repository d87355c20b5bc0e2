"""Parts of a label file on disk: found again and joined."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from zsl_images.errors import ImageError
from zsl_images.features.photo_rows import Place, Stamp


@dataclass
class _Part:
    """Photos whose rows are written together, and where what is known of them lies.

    Args:
        number: its place among the parts.
        stamps: the photos, in their order.
        rows: their kept rows, by place in the part.
        features: the kept features of those that have no row.
        lacking: how many features are still to be made.
        made: what was made, as it comes.
    """

    number: int
    stamps: list[Stamp]
    rows: dict[int, Place]
    features: dict[int, Place]
    lacking: int = 0
    made: dict[int, npt.NDArray[np.float16] | ImageError] = field(default_factory=dict)

    def fresh(self) -> list[int]:
        """Which photos must be opened."""
        return [at for at in range(len(self.stamps)) if at not in self.rows and at not in self.features]

    def cut(self, size: int) -> None:
        """Leave off what comes behind the first `size` photos."""
        self.lacking -= sum(at >= size for at in self.fresh())
        self.stamps = self.stamps[:size]
        self.rows = {at: place for at, place in self.rows.items() if at < size}
        self.features = {at: place for at, place in self.features.items() if at < size}
