"""What is wrong in a class table by itself, whatever head it is meant for."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zsl_images.classes.attribute_sheets import AttributeSheet
from zsl_images.classes.findings import Finding, in_order

SCALE_FACTOR = 10
"""Values that reach so many times as far as the usual ones, or as little, are on another scale."""


def table_findings(sheet: AttributeSheet) -> tuple[Finding, ...]:
    """Everything that is wrong in a class table or deserves a look, in the order of its places."""
    return in_order([*sheet.findings, *_same_attributes(sheet), *_mixed_scales(sheet)])


def _same_attributes(sheet: AttributeSheet) -> Iterator[Finding]:
    """Columns with the values of a column before; among two classes alone that means nothing."""
    if len(sheet.names) <= 2:
        return
    first: dict[bytes, int] = {}
    for column, values in enumerate(sheet.values.T):
        other = first.setdefault(values.tobytes(), column)
        if other != column and np.isfinite(values).any() and np.nanmin(values) < np.nanmax(values):
            yield Finding(
                "same attributes",
                f"the same values as {sheet.attribute_names[other]!r} (column "
                f"{sheet.columns[other]}), so it counts twice; remove one of the two",
                sheet.header_line,
                sheet.columns[column],
                sheet.attribute_names[column],
            )


def _mixed_scales(sheet: AttributeSheet) -> Iterator[Finding]:
    """Rows and columns whose values reach ten times as far as the others', or a tenth."""
    size = np.abs(np.nan_to_num(sheet.values))
    if min(size.shape) < 3:
        return
    reach = size.max(axis=1)
    usual = float(np.median(reach))
    for row in np.flatnonzero(_is_far(reach, usual)):
        message = f"{sheet.names[row]!r} reaches up to {reach[row]:g}, other classes up to {usual:g}"
        yield Finding("scale", f"{message}: use one scale throughout", sheet.lines[row], 1)
    reach = size.max(axis=0)
    usual = float(np.median(reach))
    for column in np.flatnonzero(_is_far(reach, usual) & (reach > 0)):  # zeros are a constant column
        name = sheet.attribute_names[column]
        message = f"{name!r} reaches up to {reach[column]:g}, other attributes up to {usual:g}"
        place = (sheet.header_line, sheet.columns[column], name)
        yield Finding("scale", f"{message}: use one scale throughout", *place)


def _is_far(reach: np.ndarray, usual: float) -> np.ndarray:
    return (reach * SCALE_FACTOR < usual) | (reach > usual * SCALE_FACTOR)
