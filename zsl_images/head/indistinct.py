"""Classes that a head cannot tell apart, and the attributes that would separate them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from zsl_images.classes.attribute_sheets import AttributeSheet
from zsl_images.classes.findings import Finding
from zsl_images.names import key_of
from zsl_images.progress import OnStep, StepRecord

if TYPE_CHECKING:
    from zsl_images.head.head import Head

MOST_PAIRS = 100
"""Pairs that are listed, the nearest; the others are counted."""

_BLOCK = 512
"""Classes that are compared with all others at once."""

_SHOWN_SEPARATORS = 3
"""Attributes that are named for a pair."""


def indistinct(
    sheet: AttributeSheet, head: Head, margin: float, on_step: OnStep | None = None
) -> Iterator[Finding]:
    """Classes that the head cannot tell apart.

    The classes of the sheet are compared with each other; those that the head does not know are also
    compared with the ones it knows.

    Args:
        sheet: Classes, with all attributes of the head and no error.
        head: Head that they are meant for.
        margin: Squared latent distance below which two classes count as one.
        on_step: Called after each block of classes.
    """
    in_sheet, in_head = set(map(key_of, sheet.names)), set(map(key_of, head.table.names))
    given = sheet.filled[:, sheet.columns_of(head.table.attribute_names)].astype(np.float32)
    others = [name for name in head.table.names if key_of(name) not in in_sheet]
    known = head.table.attributes[head.table.rows_of(others)]
    attributes, names = np.concatenate([given, known]), [*sheet.names, *others]
    is_new = np.array([key_of(name) not in in_head for name in sheet.names])
    priors = head.priors_of(attributes)
    pairs, count = _nearest_pairs(priors, attributes, is_new, margin, on_step)
    for distance, first, second in pairs:
        later, other = (second, first) if second < len(given) else (first, second)
        place = f"line {sheet.lines[other]}" if other < len(given) else "known to the head"
        separators = _separators(head, attributes[first], attributes[second], priors[second])
        yield Finding(
            "indistinct",
            f"{names[later]!r} is hard to distinguish from {names[other]!r} ({place}): {distance:.2g} "
            f"apart in latent space (squared), less than {margin:.2g}. What would separate them most: "
            f"{', '.join(separators)}",
            sheet.lines[later],
            1,
        )
    if count > len(pairs):
        message = (
            f"{count - len(pairs)} more pairs of classes are hard to distinguish; only the nearest "
            f"{len(pairs)} are listed"
        )
        yield Finding("indistinct", message)


class _Pair(NamedTuple):
    distance: float
    first: int
    second: int


def _nearest_pairs(
    priors: npt.NDArray[np.float32],
    attributes: npt.NDArray[np.float32],
    is_new: npt.NDArray[np.bool_],
    margin: float,
    on_step: OnStep | None,
) -> tuple[list[_Pair], int]:
    """The nearest pairs of classes that are closer than the margin, and the number of all such pairs.

    Classes with the same attributes are left out; they are a finding of the sheet.

    Args:
        priors: (K, L) places of the classes, those of the sheet first.
        attributes: (K, A) of the same classes.
        is_new: (S,) whether the head does not know a class of the sheet.
        margin: Squared distance.
        on_step: Called after each block.
    """
    places = priors.astype(np.float64)
    lengths = np.square(places).sum(axis=1)
    _, look = np.unique(attributes, axis=0, return_inverse=True)
    columns = np.arange(len(places))
    nearest: list[_Pair] = []
    count = 0
    for start in range(0, len(is_new), _BLOCK):
        rows = np.arange(start, min(start + _BLOCK, len(is_new)))
        distances = lengths[rows, None] + lengths - 2 * places[rows] @ places.T  # (B, K)
        is_pair = (columns > rows[:, None]) & (look != look[rows, None])
        is_pair &= is_new[rows, None] | (columns < len(is_new))
        found = np.flatnonzero(is_pair & (distances < margin))
        count += len(found)
        best = found[np.argsort(distances.ravel()[found], kind="stable")[:MOST_PAIRS]]
        nearest += [
            _Pair(
                max(0.0, float(distances.ravel()[place])),
                int(rows[place // len(places)]),
                int(place % len(places)),
            )
            for place in best
        ]
        nearest = sorted(nearest)[:MOST_PAIRS]
        if on_step:
            on_step(StepRecord("comparing classes", int(rows[-1]) + 1, len(is_new)))
    return nearest, count


def _separators(
    head: Head,
    mine: npt.NDArray[np.float32],
    other: npt.NDArray[np.float32],
    other_prior: npt.NDArray[np.float32],
) -> list[str]:
    """The attributes that two classes differ in, and of which more difference separates them most.

    Args:
        head: Head that knows both classes.
        mine: Attributes of the one class, (A,).
        other: Attributes of the other, (A,).
        other_prior: Its class prior, (L,).
    """
    low, high = head.table.attributes.min(axis=0), head.table.attributes.max(axis=0)
    far = np.where(other - low > high - other, low, high)
    moved = np.where(np.eye(len(mine), dtype=bool), far, mine)  # (A, A), one moved in each row
    gained = np.square(head.priors_of(moved) - other_prior).sum(axis=1)
    best = [i for i in np.argsort(-gained, kind="stable") if mine[i] != other[i]][:_SHOWN_SEPARATORS]
    return [f"{head.table.attribute_names[i]} ({mine[i]:g} and {other[i]:g})" for i in best]
