"""Findings: what is wrong in a table or deserves a look, each with its place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from zsl_images.errors import ClassTableError

_ONCE_PER_FILE = frozenset({"decimal comma", "per cent"})

_TOLD_ONCE = _ONCE_PER_FILE | {"cells", "missing", "number", "range", "scale"}
"""Kinds of which one cause makes many findings."""


@dataclass(frozen=True)
class Finding:
    """Something in a table that is wrong, or deserves a look.

    Args:
        kind: What it is, in one or two words, such as `missing`.
        message: What was found, what was expected, and the next step.
        line: Line in the file, counted from 1; None for the whole file.
        column: Column, counted from 1; None for the whole line.
        attribute: Name of that column.
        is_error: Whether the table cannot be used as it is.
        count: Number of places with the same cause; this is the first.
    """

    kind: str
    message: str
    line: int | None = None
    column: int | None = None
    attribute: str | None = None
    is_error: bool = False
    count: int = 1

    @property
    def place(self) -> tuple[int, int]:
        """Line and column, 0 for none; findings are listed in this order."""
        return self.line or 0, self.column or 0

    @property
    def text(self) -> str:
        """The message, and how many more places there are."""
        return f"{self.message} (and {self.count - 1} more)" if self.count > 1 else self.message


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of their places in the file."""
    return tuple(sorted(findings, key=lambda finding: finding.place))


def told_once(findings: Iterable[Finding]) -> list[Finding]:
    """One finding per cause, in the order of their places: the first one, with the number of all.

    Decimal commas or per cent signs in a whole file are one cause, and so is what is wrong in a whole
    column.
    """
    first: dict[object, Finding] = {}
    for number, finding in enumerate(in_order(findings)):
        column = None if finding.kind in _ONCE_PER_FILE else finding.column
        is_once = finding.kind in _TOLD_ONCE
        cause = (finding.kind, column, finding.is_error) if is_once else number
        known = first.get(cause)
        first[cause] = replace(known, count=known.count + finding.count) if known else finding
    return list(first.values())


def raise_first_error(path: Path, findings: Iterable[Finding]) -> None:
    """Raise the first error among findings, and say how many more there are.

    Args:
        path: File that the findings are about.
        findings: Errors and warnings, in any order.

    Raises:
        ClassTableError: There is an error.
    """
    errors = [finding for finding in in_order(findings) if finding.is_error]
    if errors:
        count = sum(finding.count for finding in errors) - 1
        more = f" ({count} more errors in this file)" if count else ""
        raise ClassTableError(f"{located(path, errors[0])}: {errors[0].message}{more}")


def located(path: Path, finding: Finding) -> str:
    """The place of a finding: `table.csv, line 3, column 2 (stripes)`."""
    place = str(path)
    if finding.line is not None:
        place += f", line {finding.line}"
    if finding.column is not None:
        place += f", column {finding.column}"
    return place + (f" ({finding.attribute})" if finding.attribute else "")
