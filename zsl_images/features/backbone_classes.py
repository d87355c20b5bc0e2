"""Backbone classes: the classes that a backbone was trained on, and where each lies in feature space.

A classifier's row w_k scores class k by w_k · x. It says where photos of the class lie without a photo.
Letters: C classes of the classifier, B images, D feature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class BackboneClasses:
    """The classifier of a backbone: logits = x · rowsᵀ + a bias that is not kept.

    Args:
        rows: (C, D), one row per class, in the units of the backbone's features.
        labels: (C,) the backbone's own names, such as `tench, Tinca tinca`; may be empty.
        wnids: (C,) WordNet ids, such as `n01440764`; may be empty.
    """

    rows: npt.NDArray[np.float32]
    labels: tuple[str, ...] = ()
    wnids: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    @cached_property
    def _index_of(self) -> dict[str, int]:
        names = {label.casefold(): index for index, label in enumerate(self.labels)}
        return names | {wnid: index for index, wnid in enumerate(self.wnids)}

    def index_of(self, name: str) -> int | None:
        """The row of an index (`12`), a WordNet id or a label; None if there is no such class."""
        if name.isdecimal():
            return int(name) if int(name) < len(self) else None
        return self._index_of.get(name.casefold())

    def centred(self, indices: Sequence[int]) -> npt.NDArray[np.float32]:
        """The rows (J, D) of some classes, less the mean of all C rows.

        What all rows share moves every logit alike, so it says nothing about a class.
        """
        found: npt.NDArray[np.float32] = self.rows[list(indices)] - self.rows.mean(axis=0)
        return found
