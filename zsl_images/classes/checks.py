"""What is wrong in a class table by itself, whatever head it is meant for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zsl_images.classes.attribute_sheets import AttributeRows
from zsl_images.classes.sheets import Finding


def _same_rows(rows: AttributeRows) -> Iterator[Finding]:
    """Classes with the same attributes throughout."""
    first: dict[bytes, int] = {}
    for row, values in enumerate(rows.values):
        other = first.setdefault(values.tobytes(), row)
        if other != row:
            yield Finding(
                "same classes",
                f"{rows.names[row]!r} has the attributes of {rows.names[other]!r} (line "
                f"{rows.lines[other]}) throughout, so nothing can tell them apart; change some, or "
                "keep one",
                rows.lines[row],
                1,
            )


def _same_columns(rows: AttributeRows) -> Iterator[Finding]:
    """Attributes with the same value in every class; of two classes alone that says nothing."""
    first: dict[bytes, int] = {}
    for place, values in enumerate(rows.values.T if len(rows.names) > 2 else ()):
        other = first.setdefault(values.tobytes(), place)
        if other != place and np.isfinite(values).any() and np.nanmin(values) < np.nanmax(values):
            yield Finding(
                "same attributes",
                f"the values of {rows.attribute_names[other]!r} (column {rows.columns[other]}) "
                "throughout, so it counts twice; keep one",
                rows.sheet.rows[0][0],
                rows.columns[place],
                rows.attribute_names[place],
            )


def _mixed_scales(rows: AttributeRows) -> Iterator[Finding]:
    """Rows and columns that reach ten times as far as the others, or a tenth."""
    size = np.abs(np.nan_to_num(rows.values))
    if len(rows.names) < 3 or len(rows.attribute_names) < 3:
        return
    header = rows.sheet.rows[0][0]
    for axis in (1, 0):
        reach = size.max(axis=axis)
        usual = float(np.median(reach))
        for place in np.flatnonzero((reach * 10 < usual) | (reach > usual * 10)):
            if reach[place] == 0 and axis == 0:
                continue  # the same for every class, which is said already
            by_row = (rows.lines[place], 1, rows.names[place]) if axis else None
            line, column, name = by_row or (header, rows.columns[place], rows.attribute_names[place])
            yield Finding(
                "scale",
                f"{name!r} reaches up to {reach[place]:g}, {'other classes' if axis else 'others'} up "
                f"to {usual:g}: use one scale throughout",
                line,
                column,
                None if axis else name,
            )
