"""What is wrong in a class table by itself, whatever head it is meant for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from zsl_images.classes.attribute_sheets import AttributeSheet, are_few
from zsl_images.classes.findings import Finding, told_once
from zsl_images.errors import listed

SCALE_FACTOR = 10
"""Values that reach so many times as far as the usual ones, or as little, are on another scale."""


_BY_WEIGHT = (
    "scale",
    "class name",
    "indistinct",
    "same classes",
    "never varied",
    "range",
    "ignored attribute",
    "encoding",
    "missing",
    "same attributes",
    "constant",
)
"""Kinds of warnings, those first that cost most labels."""


def table_findings(sheet: AttributeSheet) -> tuple[Finding, ...]:
    """Everything that is wrong in a class table or deserves a look, see `by_weight`."""
    constant = [finding for finding in sheet.findings if finding.kind == "constant"]
    others = [finding for finding in sheet.findings if finding.kind != "constant"]
    if constant:
        names = listed([str(finding.attribute) for finding in constant])
        first = replace(constant[0], count=len(constant), attribute=names)
        others.append(first if len(constant) > 1 else constant[0])
    return by_weight([*others, *_same_attributes(sheet), *_mixed_scales(sheet)])


def by_weight(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings, one per cause: errors in the order of their places, then what costs most labels."""
    rank = {kind: number for number, kind in enumerate(_BY_WEIGHT)}
    return tuple(
        sorted(told_once(findings), key=lambda f: -1 if f.is_error else rank.get(f.kind, len(rank)))
    )


def _same_attributes(sheet: AttributeSheet) -> Iterator[Finding]:
    """Columns with the values of a column before; among few classes that means nothing."""
    if len(sheet.names) <= 2 or are_few(sheet.values):
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
    is_given = np.isfinite(sheet.values).any(axis=1)
    for row in np.flatnonzero(_is_far(reach, usual) & is_given):
        message = f"{sheet.names[row]!r} reaches up to {reach[row]:g}, other classes up to {usual:g}"
        yield Finding("scale", f"{message}: use one scale throughout", sheet.lines[row], 1)
    if are_few(sheet.values):
        return
    reach = size.max(axis=0)
    usual = float(np.median(reach))
    for column in np.flatnonzero(_is_far(reach, usual) & (reach > 0)):  # zeros are a constant column
        name = sheet.attribute_names[column]
        message = f"{name!r} reaches up to {reach[column]:g}, other attributes up to {usual:g}"
        place = (sheet.header_line, sheet.columns[column], name)
        yield Finding("scale", f"{message}: use one scale throughout", *place)


def _is_far(reach: np.ndarray, usual: float) -> np.ndarray:
    return (reach * SCALE_FACTOR < usual) | (reach > usual * SCALE_FACTOR)
