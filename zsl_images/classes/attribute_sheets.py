"""Attribute tables as they are written: classes, attributes, values, and all that is wrong in them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsl_images.classes.sheets import Finding, Sheet

MISSING = frozenset({"", "na", "n/a", "nan"})
"""Cells (lower case) that stand for an unknown value."""


@dataclass(frozen=True, eq=False)
class AttributeRows:
    """What a file says of classes and their attributes, with everything in it that is wrong.

    Args:
        sheet: the file.
        names: (K,) classes.
        lines: (K,) where each stands, counting from 1.
        attribute_names: (A,).
        columns: (A,) where each stands, counting from 1; the class is column 1.
        values: (K, A) float64, NaN where there is none.
        findings: in the order of their places. Errors are what `ClassTable.read` refuses.
    """

    sheet: Sheet
    names: tuple[str, ...]
    lines: tuple[int, ...]
    attribute_names: tuple[str, ...]
    columns: tuple[int, ...]
    values: npt.NDArray[np.float64]
    findings: tuple[Finding, ...]

    @property
    def path(self) -> Path:
        """Of the file."""
        return self.sheet.path

    @property
    def filled(self) -> npt.NDArray[np.float64]:
        """The values, those that are missing taken from the mean of their column: (K, A)."""
        return np.where(np.isnan(self.values), np.nanmean(self.values, axis=0), self.values)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> AttributeRows:
        """Read a file to its end, whatever is wrong in it: such cells have no value.

        Raises:
            ClassTableError: the file cannot be opened.
        """
        sheet = Sheet.read(path, "class,stripes,horns")
        findings = list(sheet.findings)
        header_line, header = sheet.rows[0] if sheet.rows else (1, ("",))
        attributes = _attribute_columns(header_line, header, findings) if sheet.rows else {}
        line_of = _class_lines(sheet, findings)
        of_line = {line: row for row, line in enumerate(line_of.values())}
        values = np.full((len(line_of), len(attributes)), np.nan)
        for line, cells in sheet.rows[1:]:
            numbers = [
                _number(line, column, name, cells[column - 1], findings)
                for name, column in attributes.items()
                if column <= len(cells)
            ]
            if line in of_line:
                values[of_line[line], : len(numbers)] = numbers
        whole = {n: c for n, c in attributes.items() if all(c <= len(cells) for _, cells in sheet.rows)}
        _check_columns(header_line, whole, values[:, : len(whole)], findings)
        return cls(
            sheet,
            tuple(line_of),
            tuple(line_of.values()),
            tuple(attributes),
            tuple(attributes.values()),
            values,
            tuple(sorted(findings, key=lambda finding: finding.place)),
        )


def _attribute_columns(line: int, header: tuple[str, ...], findings: list[Finding]) -> dict[str, int]:
    """Attribute → column."""
    if len(header) == 1:
        message = (
            "only one column, expected the class and at least one attribute parted by commas, tabs "
            "or semicolons"
        )
        findings.append(Finding("columns", message, line, is_error=True))
    columns: dict[str, int] = {}
    for column, name in enumerate(header[1:], start=2):
        if name and name not in columns:
            columns[name] = column
            continue
        message = "the attribute has no name"
        if name:
            message = (
                f"attribute {name!r} stands already in column {columns[name]}; keep one of the two"
            )
        kind = "repeated attribute" if name else "no name"
        findings.append(Finding(kind, message, line, column, is_error=True))
    return columns


def _class_lines(sheet: Sheet, findings: list[Finding]) -> dict[str, int]:
    """Class → its line."""
    lines: dict[str, int] = {}
    for line, cells in sheet.rows[1:]:
        name = cells[0]
        if name and name not in lines:
            lines[name] = line
            continue
        message = "the class has no name"
        if name:
            message = f"class {name!r} stands already in line {lines[name]}; keep one of the two rows"
        kind = "repeated class" if name else "no name"
        findings.append(Finding(kind, message, line, 1, is_error=True))
    return lines


def _number(line: int, column: int, attribute: str, cell: str, findings: list[Finding]) -> float:
    if cell.lower() in MISSING:
        message = "no value; the mean of the column is taken"
        findings.append(Finding("missing", message, line, column, attribute))
        return np.nan
    try:
        value = float(cell)
    except ValueError:
        value = np.inf
    if np.isfinite(value):
        return value
    comma = "; use a point for decimals" if "," in cell else ""
    message = f"{cell!r} is not a finite number{comma}"
    findings.append(Finding("number", message, line, column, attribute, is_error=True))
    return np.nan


def _check_columns(
    line: int, attributes: dict[str, int], values: npt.NDArray[np.float64], findings: list[Finding]
) -> None:
    """Find columns without any value, or with the same for every class."""
    has_error = {finding.column for finding in findings if finding.is_error}
    for (name, column), of_column in zip(attributes.items(), values.T, strict=True):
        given = of_column[np.isfinite(of_column)]
        if given.size == 0 and len(values) and column not in has_error:
            message = "no class has a value; fill the column or remove it"
            findings.append(Finding("no value", message, line, column, name, is_error=True))
        elif given.size and np.ptp(given) == 0 and len(values) > 1 and column not in has_error:
            message = "the same value for every class, so no help in telling them apart"
            findings.append(Finding("constant", message, line, column, name))
