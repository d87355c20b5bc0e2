"""Checking a class table before any photo is labelled with it: all that is wrong or deserves a look.

Errors are what a head would refuse; warnings are what it takes, though not as it was meant.
"""

from __future__ import annotations

import difflib
import math
import os
from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from zsl_images.classes.attribute_sheets import AttributeRows
from zsl_images.classes.checks import _mixed_scales, _same_columns, _same_rows
from zsl_images.classes.class_table import ClassTable, another_scale
from zsl_images.classes.sheets import Finding

if TYPE_CHECKING:
    from zsl_images.head.head import Head


_LIKE_NAMES = 0.85
"""Likeness (difflib) above which a class's name is taken for a slip in another's."""


_SHOWN_SEPARATORS = 3


def check_classes(
    path: str | os.PathLike[str], head: Head | None = None, margin: float | None = None
) -> tuple[Finding, ...]:
    """Everything in a class table that is wrong or deserves a look, in the order of its places.

    Args:
        path: a CSV or TSV file, see `ClassTable.read`.
        head: what the classes are meant for; without one the table is judged for itself.
        margin: squared latent distance below which two classes count as one. Default: that at which
            a photo exactly on the prior of one gets less than 90 % against the other,
            temperature · ln 9.

    Raises:
        ClassTableError: the file cannot be opened; all else is a finding.
    """
    rows = AttributeRows.read(path)
    findings = [*rows.findings, *_same_rows(rows)]
    if head is None:
        findings += [*_same_columns(rows), *_mixed_scales(rows)]
    elif head.table.text_dim == len(head.table.attribute_names):
        message = "the head knows classes by descriptions alone, so this table is of no use to it"
        findings.append(Finding("unknown", message, is_error=True))
    else:
        known = _without_text(head.table)
        findings += [*_names(rows, known), *_never_varied(rows, known), *_values(rows, known)]
        is_whole = not head.table.text_dim  # class priors need the descriptions too
        if is_whole and not any(finding.is_error for finding in findings):
            least = head.calibration.temperature * math.log(9) if margin is None else margin
            findings += _indistinct(rows, head, least)
    return tuple(sorted(findings, key=lambda finding: finding.place))


def _without_text(table: ClassTable) -> ClassTable:
    count = len(table.attribute_names) - table.text_dim
    return ClassTable(
        table.names, table.attribute_names[:count], table.attributes[:, :count], table.is_seen
    )


def _names(rows: AttributeRows, known: ClassTable) -> Iterator[Finding]:
    """Attributes that are lacking, unknown or misspelt, and classes named nearly as a known one."""
    header = rows.sheet.rows[0][0] if rows.sheet.rows else None
    column_of = dict(zip(rows.attribute_names, rows.columns, strict=True))
    unknown = [name for name in rows.attribute_names if name not in known.attribute_names]
    for name in known.attribute_names:
        if name in column_of:
            continue
        near = difflib.get_close_matches(name, unknown, n=1)
        if near:
            unknown.remove(near[0])
            message = f"the head knows no {near[0]!r}, and {name!r} is lacking: is that meant?"
            yield Finding("misspelt", message, header, column_of[near[0]], near[0], is_error=True)
        else:
            message = f"the head needs {name!r}, which is lacking; add this column"
            yield Finding("lacking", message, header, None, None, is_error=True)
    for name in unknown:
        message = "the head does not know this attribute and leaves it out"
        yield Finding("unknown", message, header, column_of[name], name)
    for name, line in zip(rows.names, rows.lines, strict=True):
        near = difflib.get_close_matches(name, known.names, n=1, cutoff=_LIKE_NAMES)
        if near and near[0] != name and near[0] not in rows.names:
            message = f"the head knows no class {name!r}, but {near[0]!r}: is that meant?"
            yield Finding("class name", message, line, 1)


def _never_varied(rows: AttributeRows, known: ClassTable) -> Iterator[Finding]:
    """Attributes that were the same for every class with photos, but are not here."""
    seen = known.attributes[known.is_seen]
    for place, name in enumerate(rows.attribute_names):
        if name not in known.attribute_names:
            continue
        of_head = seen[:, known.attribute_names.index(name)]
        values = rows.values[:, place]
        if of_head.size and np.ptp(of_head) == 0 and (values[np.isfinite(values)] != of_head[0]).any():
            yield Finding(
                "never varied",
                f"every class that the head learned from photos has {of_head[0]:g} here, so it "
                "cannot know how another value looks",
                rows.sheet.rows[0][0],
                rows.columns[place],
                name,
            )


def _values(rows: AttributeRows, known: ClassTable) -> Iterator[Finding]:
    """Values on another scale than the head's, or out of what it knows of an attribute."""
    every, place_of = known.attributes, {n: i for i, n in enumerate(known.attribute_names)}
    shared = [name for name in rows.attribute_names if name in place_of]
    if not shared or not np.isfinite(rows.values).any():
        return
    values = rows.values[:, [rows.attribute_names.index(name) for name in shared]]
    if message := another_scale(np.nan_to_num(values), every):
        yield Finding("scale", message)
        return
    usual = float(np.median(np.abs(every).max(axis=1)))
    for row, reach in enumerate(np.abs(np.nan_to_num(values)).max(axis=1)):
        if reach * 10 < usual:
            message = f"{rows.names[row]!r} reaches up to {reach:g}, the head's classes up to {usual:g}"
            yield Finding("scale", f"{message}: use one scale throughout", rows.lines[row], 1)
    for name, of_column in zip(shared, values.T, strict=True):
        of_head = every[:, place_of[name]]
        low, high = float(of_head.min()), float(of_head.max())
        # Beyond what any attribute reaches, or by more than its own span beyond what this one does.
        least = max(float(every.min()), low - (high - low)) if high > low else float(every.min())
        most = min(float(every.max()), high + (high - low)) if high > low else float(every.max())
        for which in np.flatnonzero((of_column < least) | (of_column > most)):
            value, of_class = of_column[which], rows.names[which]
            yield Finding(
                "range",
                f"{value:g} for {of_class!r}, where the head knows {low:g} to {high:g}",
                rows.lines[which],
                rows.columns[rows.attribute_names.index(name)],
                name,
            )


def _indistinct(rows: AttributeRows, head: Head, margin: float) -> Iterator[Finding]:
    """Classes that the head cannot tell apart, and the attributes that would.

    Classes of the table are compared with each other, and those that the head does not know also
    with the ones it does.
    """
    order = [rows.attribute_names.index(name) for name in head.table.attribute_names]
    given = rows.filled[:, order].astype(np.float32)
    others = [row for row, name in enumerate(head.table.names) if name not in rows.names]
    attributes = np.concatenate([given, head.table.attributes[others]])
    names = [*rows.names, *(head.table.names[row] for row in others)]
    priors = head.priors_of(attributes)
    is_new = [name not in head.table.names for name in names]
    for first, second in combinations(range(len(names)), 2):
        if first >= len(given) or (second >= len(given) and not is_new[first]):
            continue
        distance = float(np.square(priors[first] - priors[second]).sum())
        if distance >= margin or np.array_equal(attributes[first], attributes[second]):
            continue  # the same attributes throughout are said already
        later = second if second < len(given) else first
        other = first if later == second else second
        where = f"line {rows.lines[other]}" if other < len(given) else "which the head knows"
        yield Finding(
            "indistinct",
            f"the head hardly tells {names[later]!r} from {names[other]!r} ({where}): {distance:.2g} "
            f"apart in latent space (squared), less than {margin:.2g}. What would part them most: "
            f"{', '.join(_separators(head, attributes[first], attributes[second], priors[second]))}",
            rows.lines[later],
            1,
        )


def _separators(
    head: Head,
    mine: npt.NDArray[np.float32],
    other: npt.NDArray[np.float32],
    other_prior: npt.NDArray[np.float32],
) -> list[str]:
    """The attributes (A,) of one class that part it most from another, moved to their far end."""
    low, high = head.table.attributes.min(axis=0), head.table.attributes.max(axis=0)
    far = np.where(other - low > high - other, low, high)
    moved = np.where(np.eye(len(mine), dtype=bool), far, mine)  # (A, A), an attribute a row
    gained = np.square(head.priors_of(moved) - other_prior).sum(axis=1)
    best = np.argsort(-gained, kind="stable")[:_SHOWN_SEPARATORS]
    return [f"{head.table.attribute_names[i]} ({mine[i]:g} and {other[i]:g})" for i in best]
