"""Attribute sheets: class tables as files, with everything that is wrong in them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsl_images.classes.sheets import Finding, Sheet, line_of
from zsl_images.errors import listed
from zsl_images.files import replacing

MISSING = frozenset({"", "na", "n/a", "nan"})
"""Cells (in lower case) that mean a missing value."""


@dataclass(frozen=True, eq=False)
class AttributeSheet:
    """What a file says about classes and their attributes, with everything that is wrong in it.

    Args:
        sheet: the file.
        names: (K,) classes.
        lines: (K,) line of each class, counted from 1.
        attribute_names: (A,) attributes.
        columns: (A,) column of each attribute, counted from 1; the class is column 1.
        values: (K, A) float64, NaN for a missing value.
        findings: in the order of their places. `ClassTable.read` refuses the errors among them.
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
        """Path of the file."""
        return self.sheet.path

    @property
    def header_line(self) -> int | None:
        """Line of the header, counted from 1; None in an empty file."""
        return self.sheet.rows[0][0] if self.sheet.rows else None

    @property
    def filled(self) -> npt.NDArray[np.float64]:
        """The values (K, A), with the mean of the column for missing ones."""
        return np.where(np.isnan(self.values), np.nanmean(self.values, axis=0), self.values)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> AttributeSheet:
        """Read a file to its end, whatever is wrong in it; unusable cells have no value.

        Raises:
            ClassTableError: the file cannot be opened.
        """
        sheet = Sheet.read(path, "class,stripes,horns")
        findings = list(sheet.findings)
        header_line, header = sheet.rows[0] if sheet.rows else (1, ("",))
        attributes = _attribute_columns(header_line, header, findings) if sheet.rows else {}
        line_of_class = _class_lines(sheet, findings)
        row_at_line = {line: row for row, line in enumerate(line_of_class.values())}
        values = np.full((len(line_of_class), len(attributes)), np.nan)
        for line, cells in sheet.rows[1:]:
            numbers = [
                _number(line, column, name, cells[column - 1], findings)
                for name, column in attributes.items()
                if column <= len(cells)
            ]
            if line in row_at_line:
                values[row_at_line[line], : len(numbers)] = numbers
        in_all_rows = min((len(cells) for _, cells in sheet.rows), default=0)
        complete = {name: column for name, column in attributes.items() if column <= in_all_rows}
        findings += _poor_columns(header_line, complete, values[:, : len(complete)], findings)
        findings += _same_classes(line_of_class, values)
        return cls(
            sheet,
            tuple(line_of_class),
            tuple(line_of_class.values()),
            tuple(attributes),
            tuple(attributes.values()),
            values,
            in_order(findings),
        )

    def columns_of(self, attribute_names: Sequence[str]) -> list[int]:
        """The column of `values` for each of these attributes, all of which the sheet has."""
        column_of = {name: column for column, name in enumerate(self.attribute_names)}
        return [column_of[name] for name in attribute_names]

    def summaries(self) -> Iterator[str]:
        """A sentence for each kind of finding that changes how the table is read."""
        by_kind: dict[str, list[Finding]] = {}
        for finding in self.findings:
            by_kind.setdefault(finding.kind, []).append(finding)
        for finding in by_kind.get("encoding", []):
            yield f"{self.path} is {finding.message}"
        if missing := by_kind.get("missing"):
            columns = list(dict.fromkeys(str(finding.attribute) for finding in missing))
            yield (
                f"{self.path}: {len(missing)} missing cells filled by the mean of their column "
                f"({listed(columns)})"
            )
        if constant := by_kind.get("constant"):
            named = [f"{finding.attribute} (column {finding.column})" for finding in constant]
            yield f"{self.path}: {constant[0].message}: {listed(named)}"


def write_sheet(
    path: str | os.PathLike[str],
    names: Sequence[str],
    attribute_names: Sequence[str],
    values: npt.NDArray[np.float32],
) -> None:
    """Write classes and their attributes as CSV, or as TSV if the file's name ends in .tsv.

    Args:
        path: file to write.
        names: (K,) classes.
        attribute_names: (A,) attributes.
        values: (K, A); written so that they are read back as the same float32.

    Raises:
        OutputError: the file cannot be written.
    """
    delimiter = delimiter_for(path)
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        out.write(line_of(["class", *attribute_names], delimiter) + "\n")
        for name, row in zip(names, values, strict=True):
            cells = (np.format_float_positional(value, trim="-") for value in row)
            out.write(line_of([name, *cells], delimiter) + "\n")


def delimiter_for(path: str | os.PathLike[str]) -> str:
    """The delimiter of a new file: a tab if its name ends in .tsv, else a comma."""
    return "\t" if Path(path).suffix.lower() == ".tsv" else ","


def in_order(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Findings in the order of their places in the file."""
    return tuple(sorted(findings, key=lambda finding: finding.place))


def _attribute_columns(line: int, header: tuple[str, ...], findings: list[Finding]) -> dict[str, int]:
    """Attribute → column, counted from 1."""
    if len(header) == 1:
        message = (
            "only one column, expected the class and at least one attribute, separated by commas, "
            "tabs or semicolons"
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
                f"attribute {name!r} already appears in column {columns[name]}; remove one of the two"
            )
        kind = "repeated attribute" if name else "no name"
        findings.append(Finding(kind, message, line, column, is_error=True))
    return columns


def _class_lines(sheet: Sheet, findings: list[Finding]) -> dict[str, int]:
    """Class → line, counted from 1."""
    lines: dict[str, int] = {}
    for line, cells in sheet.rows[1:]:
        name = cells[0]
        if name and name not in lines:
            lines[name] = line
            continue
        message = "the class has no name"
        if name:
            message = f"class {name!r} already appears in line {lines[name]}; remove one of the two"
        kind = "repeated class" if name else "no name"
        findings.append(Finding(kind, message, line, 1, is_error=True))
    return lines


def _number(line: int, column: int, attribute: str, cell: str, findings: list[Finding]) -> float:
    if cell.lower() in MISSING:
        message = "missing value; it is filled by the mean of the column"
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


def _poor_columns(
    line: int,
    attributes: dict[str, int],
    values: npt.NDArray[np.float64],
    earlier: Sequence[Finding],
) -> list[Finding]:
    """Columns without any value, or with one value for every class."""
    findings = []
    has_error = {finding.column for finding in earlier if finding.is_error}
    for (name, column), cells in zip(attributes.items(), values.T, strict=True):
        given = cells[np.isfinite(cells)]
        if column in has_error:
            continue
        if given.size == 0 and len(values):
            message = "no class has a value; fill the column or remove it"
            findings.append(Finding("no value", message, line, column, name, is_error=True))
        elif given.size and np.ptp(given) == 0 and len(values) > 1:
            message = "the same value for every class, so it does not help to tell them apart"
            findings.append(Finding("constant", message, line, column, name))
    return findings


def _same_classes(line_of_class: dict[str, int], values: npt.NDArray[np.float64]) -> Iterator[Finding]:
    """Classes whose attributes all equal those of a class above."""
    first: dict[bytes, str] = {}
    for (name, line), row in zip(line_of_class.items(), values, strict=True):
        other = first.setdefault(row.tobytes(), name)
        if other != name:
            yield Finding(
                "same classes",
                f"{name!r} has the same attributes as {other!r} (line {line_of_class[other]}), so "
                "nothing can tell them apart; change some, or remove one of the two",
                line,
                1,
            )
