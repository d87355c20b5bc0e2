"""Folds: rows and classes that are held out to validate a head."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from zsl_images.errors import DataError, counted
from zsl_images.metrics import Labels


@dataclass(frozen=True)
class Fold:
    """Rows of one validation, in which some seen classes are treated as unseen (pseudo-unseen).

    Args:
        train: Rows to learn from; their classes stay seen.
        seen: Held-out rows of the same classes.
        unseen: All rows of the pseudo-unseen classes; none if only photos are held out.
    """

    train: Labels
    seen: Labels
    unseen: Labels


def make_folds(
    labels: Labels, count: int, generator: np.random.Generator, held_out: float = 0.2
) -> list[Fold]:
    """Folds for validation; each treats another fifth of the classes as unseen.

    Args:
        labels: Class of each row, (N,).
        count: Number of folds, 5 at most.
        generator: Source of the random choice.
        held_out: Share of each seen class's rows that is held out.

    Raises:
        DataError: There are fewer than five classes, or no class has three photos.
    """
    classes = generator.permutation(np.unique(labels))
    if len(classes) < 5:
        raise DataError(
            f"{counted(len(classes), 'class')} with photos, expected at least 5, so that some can be "
            "treated as unseen; add classes, or train without validation"
        )
    return [hold_out(labels, generator, classes[which::5], held_out) for which in range(count)]


def hold_out(
    labels: Labels, generator: np.random.Generator, unseen: Labels, held_out: float = 0.2
) -> Fold:
    """A fold that holds out a share of each seen class's rows, and all rows of pseudo-unseen classes.

    Args:
        labels: Class of each row, (N,).
        generator: Source of the random choice.
        unseen: Pseudo-unseen classes; there may be none.
        held_out: Share of each seen class's rows that is held out.

    Raises:
        DataError: No class has enough photos to hold one out.
    """
    is_unseen = np.isin(labels, unseen)
    is_held_out = np.zeros(len(labels), bool)
    for label in np.unique(labels[~is_unseen]):
        rows = generator.permutation(np.flatnonzero(labels == label))
        is_held_out[rows[: round(len(rows) * held_out)]] = True
    if not is_held_out.any():
        raise DataError("too few photos per class to hold any out; add photos")
    is_learned = ~is_unseen & ~is_held_out
    return Fold(*map(np.flatnonzero, (is_learned, is_held_out, is_unseen)))


def check_rows(folds: Iterable[Fold], count: int) -> None:
    """Refuse folds that name rows which are not there.

    Args:
        folds: Folds to check.
        count: N, number of rows.

    Raises:
        DataError: A row is not among the N.
    """
    for number, fold in enumerate(folds, start=1):
        rows = np.concatenate([fold.train, fold.seen, fold.unseen])
        stray = rows[(rows < 0) | (rows >= count)]
        if stray.size:
            raise DataError(f"fold {number} names row {stray[0]}, expected rows 0 to {count - 1}")
