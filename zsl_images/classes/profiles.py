"""Profiles: what sets a class of a table apart from the others."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_table import ClassTable

_NEIGHBOURS = 5
"""Classes most like one, from which its telling attributes must separate it."""


class Trait(NamedTuple):
    """One attribute of a class.

    Args:
        attribute: Name of the attribute.
        value: Value of the class.
        mean: Mean of the table.
        deviation: How far the value is above the mean, in standard deviations of the table.
    """

    attribute: str
    value: float
    mean: float
    deviation: float


def known_by(table: ClassTable) -> tuple[str, ...]:
    """What each class is known by: `photos`, `backbone`, `attributes` or `descriptions`, (K,)."""
    words = "attributes" if table.ratings.shape[1] else "descriptions"
    return tuple(
        "photos" if seen else "backbone" if name in table.row_names else words
        for name, seen in zip(table.names, table.is_seen, strict=True)
    )


def traits(table: ClassTable, name: str) -> list[Trait]:
    """The attributes of a class, the strongest first: those that are furthest above the mean.

    Raises:
        ClassTableError: The class is not in the table.
    """
    (row,) = table.rows_of([name])
    deviations, values = _standardised(table.ratings)[row], table.ratings[row]
    order = np.argsort(-deviations, kind="stable")
    return [
        Trait(
            table.attribute_names[column],
            float(values[column]),
            float(table.ratings[:, column].mean()),
            float(deviations[column]),
        )
        for column in order
    ]


def telling_attributes(table: ClassTable, name: str, count: int) -> list[str]:
    """The attributes that separate a class most from those that are most like it.

    Raises:
        ClassTableError: The class is not in the table.
    """
    (row,) = table.rows_of([name])
    standardised = _standardised(table.ratings)
    apart = np.abs(standardised - standardised[row])  # (K, A)
    order = np.argsort(np.square(apart).sum(axis=1), kind="stable")
    near = [other for other in order if other != row][:_NEIGHBOURS]
    telling = apart[near].mean(axis=0) if near else np.zeros(table.ratings.shape[1])
    return [table.attribute_names[column] for column in np.argsort(-telling, kind="stable")[:count]]


def _standardised(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Values (K, A) in standard deviations from the mean of their column; 0 in a constant column."""
    doubles = values.astype(np.float64)
    spread = doubles.std(axis=0)
    standardised: npt.NDArray[np.float64] = (doubles - doubles.mean(axis=0)) / np.where(
        spread > 0, spread, 1
    )
    return standardised
