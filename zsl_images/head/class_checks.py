"""Checking a class table before any photo is labelled with it.

Errors make the table unusable; warnings mark what is accepted but may be a mistake.
"""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from zsl_images.classes.attribute_sheets import AttributeSheet
from zsl_images.classes.checks import SCALE_FACTOR, by_weight, table_findings
from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.findings import Finding
from zsl_images.classes.scales import another_scale
from zsl_images.errors import listed
from zsl_images.head.head import Head
from zsl_images.head.head_file import load_head
from zsl_images.head.indistinct import indistinct
from zsl_images.names import key_of
from zsl_images.progress import OnStep

_LIKE_NAMES = 0.85
"""Likeness (difflib, 0..1) above which a class's name may be a misspelt name of another."""


def check_classes(
    path: str | os.PathLike[str],
    head: Head | str | os.PathLike[str] | None = None,
    margin: float | None = None,
    on_step: OnStep | None = None,
) -> tuple[Finding, ...]:
    """Everything that is wrong in a class table or deserves a look.

    Errors come first, in the order of their places, then warnings, those that cost most labels first.

    Args:
        path: File of a class table, see `ClassTable.read`.
        head: Head that the classes are meant for, its file or the name of a shipped one; without one
            the table is checked by itself.
        margin: Squared latent distance below which two classes count as one. Default: the distance at
            which a photo exactly at the class prior of one gets 90 % against the other,
            temperature · ln 9.
        on_step: Called with the progress of comparing the classes.

    Raises:
        ClassTableError: The file cannot be opened; everything else is a finding.
    """
    sheet = AttributeSheet.read(path)
    if head is None:
        return table_findings(sheet)
    head = head if isinstance(head, Head) else load_head(head)
    if head.table.text_dim == len(head.table.attribute_names):
        message = "the head knows classes by descriptions alone and cannot use a table of attributes"
        return by_weight([*sheet.findings, Finding("descriptions only", message, is_error=True)])
    known = _without_text(head.table)
    findings = [finding for finding in sheet.findings if finding.kind != "constant"]
    findings += [*_names(sheet, known), *_never_varied(sheet, known)]
    findings += _values(sheet, known)
    needs_text = head.table.text is not None  # then attributes alone give no class priors
    if not needs_text and not any(finding.is_error for finding in findings):
        least = head.calibration.temperature * math.log(9) if margin is None else margin
        findings += indistinct(sheet, head, least, on_step)
    return by_weight(findings)


def _without_text(table: ClassTable) -> ClassTable:
    count = len(table.attribute_names) - table.text_dim
    return ClassTable(
        table.names, table.attribute_names[:count], table.attributes[:, :count], table.is_seen
    )


def _names(sheet: AttributeSheet, known: ClassTable) -> Iterator[Finding]:
    """Missing, misspelt and ignored attributes, and classes named nearly like a known one."""
    column_of = dict(zip(sheet.attribute_names, sheet.columns, strict=True))
    unknown = [name for name in sheet.attribute_names if name not in known.attribute_names]
    missing = []
    for name in known.attribute_names:
        if name in column_of:
            continue
        near = difflib.get_close_matches(name, unknown, n=1)
        if near:
            unknown.remove(near[0])
            message = f"unknown attribute {near[0]!r}, and {name!r} is missing; is it misspelt?"
            place = (sheet.header_line, column_of[near[0]], near[0])
            yield Finding("misspelt", message, *place, is_error=True)
        else:
            missing.append(name)
    if missing:  # one cause, however many there are
        message = (
            f"attributes that the head needs are missing: {listed(missing)}; add a column for each"
        )
        yield Finding("missing attribute", message, sheet.header_line, is_error=True)
    if unknown:
        message = f"the head does not know these attributes and ignores them: {listed(unknown)}"
        yield Finding("ignored attribute", message, sheet.header_line, column_of[unknown[0]])
    keys, in_sheet = set(map(key_of, known.names)), set(sheet.names)
    for name, line in zip(sheet.names, sheet.lines, strict=True):
        if key_of(name) in keys:
            continue
        near = difflib.get_close_matches(name, known.names, n=1, cutoff=_LIKE_NAMES)
        if near and near[0] not in in_sheet:
            message = f"unknown class {name!r}; did you mean {near[0]!r}?"
            yield Finding("class name", message, line, 1)


def _shared(sheet: AttributeSheet, known: ClassTable) -> Iterator[tuple[int, int]]:
    """The attributes that both have, as a column of the sheet's values and one of the table's."""
    column_of = {name: column for column, name in enumerate(known.attribute_names)}
    for column, name in enumerate(sheet.attribute_names):
        if name in column_of:
            yield column, column_of[name]


def _never_varied(sheet: AttributeSheet, known: ClassTable) -> Iterator[Finding]:
    """Attributes that were the same for every class with photos, but differ here."""
    seen = known.attributes[known.is_seen]
    for column, head_column in _shared(sheet, known):
        learned, values = seen[:, head_column], sheet.values[:, column]
        if learned.size and np.ptp(learned) == 0 and (values[np.isfinite(values)] != learned[0]).any():
            yield Finding(
                "never varied",
                f"every class that the head learned from photos has {learned[0]:g} here, so it cannot "
                "know what another value looks like",
                sheet.header_line,
                sheet.columns[column],
                sheet.attribute_names[column],
            )


def _values(sheet: AttributeSheet, known: ClassTable) -> Iterator[Finding]:
    """Values on another scale than the head's, or out of an attribute's range."""
    shared = list(_shared(sheet, known))
    if not shared or not np.isfinite(sheet.values).any():
        return
    given = np.nan_to_num(sheet.values[:, [column for column, _ in shared]])
    if message := another_scale(given, known.attributes):
        yield Finding("scale", message)
        return
    usual = float(np.median(np.abs(known.attributes).max(axis=1)))
    reach, is_given = np.abs(given).max(axis=1), np.isfinite(sheet.values).any(axis=1)
    for row in np.flatnonzero((reach * SCALE_FACTOR < usual) & is_given):
        message = (
            f"{sheet.names[row]!r} reaches up to {reach[row]:g}, the head's classes up to {usual:g}"
        )
        yield Finding("scale", f"{message}: use one scale throughout", sheet.lines[row], 1)
    for column, head_column in shared:
        yield from _out_of_range(sheet, column, known.attributes, head_column)


def _out_of_range(
    sheet: AttributeSheet, column: int, attributes: npt.NDArray[np.float32], head_column: int
) -> Iterator[Finding]:
    """Values beyond what any attribute of the head reaches, or far beyond what this one does."""
    low, high = float(attributes[:, head_column].min()), float(attributes[:, head_column].max())
    least, most = float(attributes.min()), float(attributes.max())
    if high > low:  # by more than its own span
        least, most = max(least, low - (high - low)), min(most, high + (high - low))
    values = sheet.values[:, column]
    for row in np.flatnonzero((values < least) | (values > most)):
        yield Finding(
            "range",
            f"{values[row]:g} for {sheet.names[row]!r}, but the head knows {low:g} to {high:g}",
            sheet.lines[row],
            sheet.columns[column],
            sheet.attribute_names[column],
        )
