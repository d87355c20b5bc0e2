"""Heat maps: the attributes that tell the classes of a page apart, as shades."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError

_CLASSES, _ATTRIBUTES = 30, 24
"""Rows and columns at most."""


class Cell(NamedTuple):
    """A value, where it lies between the least (0) and the greatest one (1) of the map, and as text."""

    value: float
    shade: float
    text: str


class HeatMap(NamedTuple):
    """Some classes, and the attributes in which they differ most, in the order of the table."""

    attributes: tuple[str, ...]
    rows: dict[str, tuple[Cell, ...]]


def heat_map(table: ClassTable | str | os.PathLike[str], names: Sequence[str]) -> HeatMap:
    """The heat map of classes.

    Args:
        table: Class table, its file or the name of a shipped one.
        names: Classes, the most important first; those that are not in the table are left out.

    Raises:
        ClassTableError: The table cannot be read.
        DataError: None of the classes is in the table, or it has no attributes.
    """
    table = ClassTable.of(table)
    known = [name for name in names if name in set(table.names)][:_CLASSES]
    values = table.ratings[table.rows_of(known)]
    if not values.size:
        raise DataError(
            f"none of the {len(names)} labels is a class with attributes in the table; give the table "
            "that the photos were labelled with"
        )
    columns = np.sort(np.argsort(-values.std(axis=0), kind="stable")[:_ATTRIBUTES])
    values = values[:, columns]
    low, high = float(values.min()), float(values.max())
    form = ".0f" if high - low > 20 else ".2g"
    rows = {
        name: tuple(
            Cell(value, (value - low) / ((high - low) or 1), f"{value:{form}}") for value in row
        )
        for name, row in zip(known, values.tolist(), strict=True)
    }
    return HeatMap(tuple(table.attribute_names[column] for column in columns), rows)
