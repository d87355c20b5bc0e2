"""Attribute sheets: class tables as files, with everything that is wrong in them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsl_images.classes.findings import Finding, told_once
from zsl_images.classes.row_names import RowNames
from zsl_images.classes.sheets import Sheet, class_column_of, line_of, map_columns
from zsl_images.classes.table_paths import WORKBOOK_SUFFIXES
from zsl_images.errors import OutputError, counted, listed
from zsl_images.files import replacing

MISSING = frozenset({"", "na", "n/a", "nan"})
"""Cells (in lower case) that mean a missing value."""

_LARGEST = float(np.finfo(np.float32).max)

_ATTRIBUTES_PER_CLASS = 4
"""From more attributes per class on, columns that agree by chance are normal."""

_PER_CENT = re.compile(r"[\s,;_]*(?:%|\(\s*%\s*\)|\[\s*%\s*\])$")
"""A unit at the end of an attribute's name: `black, %`, `black (%)`."""

_EXPONENT = r"(?:[eE][+-]?\d+)?"
_COMMA = re.compile(rf"[+-]?\d*,\d+{_EXPONENT}")
_POINT = re.compile(rf"[+-]?\d*\.\d+{_EXPONENT}")
_NUMBER_PER_CENT = re.compile(r"[+-]?\d*[.,]?\d+\s*%")


@dataclass(frozen=True, eq=False)
class AttributeSheet:
    """What a file says about classes and their attributes, with everything that is wrong in it.

    Args:
        sheet: The file.
        names: (K,) classes.
        lines: (K,) line of each class, counted from 1.
        attribute_names: (A,) attributes.
        columns: (A,) column of each attribute, counted from 1.
        values: (K, A) float64, NaN for a missing value.
        has_decimal_commas: Whether a comma comes before the decimals.
        findings: In the order of their places. `ClassTable.read` refuses the errors among them.
    """

    sheet: Sheet
    names: tuple[str, ...]
    lines: tuple[int, ...]
    attribute_names: tuple[str, ...]
    columns: tuple[int, ...]
    values: npt.NDArray[np.float64]
    has_decimal_commas: bool
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
            ClassTableError: The file cannot be opened.
        """
        sheet = Sheet.read(path, "class,stripes,horns")
        findings = [*sheet.findings, *sheet.numbered()]
        header_line, header = sheet.rows[0] if sheet.rows else (1, ("",))
        attributes = _attribute_columns(header_line, header, findings) if sheet.rows else {}
        names, class_column = RowNames(), class_column_of(header)
        for line, cells in sheet.rows[1:]:
            names.add(cells[class_column] if class_column < len(cells) else "", line)
        findings += names.findings
        has_commas = _has_decimal_commas(sheet)
        row_at_line = {line: row for row, line in enumerate(names.lines.values())}
        values = np.full((len(row_at_line), len(attributes)), np.nan)
        for line, cells in sheet.rows[1:]:
            numbers = [
                _number(line, column, name, cells[column - 1], has_commas, findings)
                for name, column in attributes.items()
                if column <= len(cells)
            ]
            if line in row_at_line:
                values[row_at_line[line], : len(numbers)] = numbers
        in_all_rows = min((len(cells) for _, cells in sheet.rows), default=0)
        complete = {name: column for name, column in attributes.items() if column <= in_all_rows}
        findings += _poor_columns(header_line, complete, values[:, : len(complete)], findings)
        unread = {finding.line for finding in findings if finding.is_error}
        findings += [same for same in _same_classes(names.lines, values) if same.line not in unread]
        return cls(
            sheet,
            tuple(names.lines),
            tuple(names.lines.values()),
            tuple(attributes),
            tuple(attributes.values()),
            values,
            has_commas,
            tuple(_only_the_cause(told_once(findings))),
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
            columns = [
                str(finding.attribute) for finding in sorted(missing, key=lambda f: f.column or 0)
            ]
            cells = sum(finding.count for finding in missing)
            yield (
                f"{self.path}: {counted(cells, 'missing cell')} filled by the "
                f"mean of their column ({listed(columns)})"
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
        path: File to write.
        names: (K,) classes.
        attribute_names: (A,) attributes.
        values: (K, A); written so that they are read back as the same float32.

    Raises:
        OutputError: The file cannot be written.
    """
    lines = sheet_lines(names, attribute_names, values, delimiter_for(path))
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(f"{line}\n" for line in lines)


def sheet_lines(
    names: Sequence[str],
    attribute_names: Sequence[str],
    values: npt.NDArray[np.float32],
    delimiter: str = ",",
) -> Iterator[str]:
    """The lines of a table, without their ends; for the arguments see `write_sheet`."""
    yield line_of(["class", *attribute_names], delimiter)
    for name, row in zip(names, values, strict=True):
        yield line_of([name, *(np.format_float_positional(x, trim="-") for x in row)], delimiter)


def delimiter_for(path: str | os.PathLike[str]) -> str:
    """The delimiter of a new file: a tab if its name ends in .tsv, else a comma.

    Raises:
        OutputError: Its name is that of an Excel workbook, which is not written.
    """
    if Path(path).suffix.lower() in (*WORKBOOK_SUFFIXES, ".xls"):
        raise OutputError(
            f"{path}: Excel workbooks are read, but not written; name a .csv or .tsv file"
        )
    return "\t" if Path(path).suffix.lower() == ".tsv" else ","


def _attribute_columns(line: int, header: tuple[str, ...], findings: list[Finding]) -> dict[str, int]:
    """Attribute → column, counted from 1."""
    if len(header) == 1:
        message = (
            "only one column, expected the class and at least one attribute, separated by commas, "
            "tabs or semicolons"
        )
        findings.append(Finding("columns", message, line, is_error=True))
    columns: dict[str, int] = {}
    taken = {class_column_of(header), *map_columns(header).values()}
    for column, name in enumerate(_without_units(header), start=1):
        if column - 1 in taken:
            continue
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


def _without_units(names: Sequence[str]) -> Sequence[str]:
    """The names of attributes without a per cent sign at their ends, unless two would become one."""
    bare = [_PER_CENT.sub("", name) or name for name in names]
    return bare if len(set(bare)) == len(set(names)) else names


def _has_decimal_commas(sheet: Sheet) -> bool:
    """Whether numbers are written as 1,5: commas separate no cells, and no number has a point."""
    cells = [cell for _, row in sheet.rows[1:] for cell in row[1:]]
    return (
        sheet.delimiter != ","
        and any(map(_COMMA.fullmatch, cells))
        and not any(map(_POINT.fullmatch, cells))
    )


def _number(
    line: int, column: int, attribute: str, cell: str, has_commas: bool, findings: list[Finding]
) -> float:
    if cell.lower() in MISSING:
        message = "missing value; it is filled by the mean of the column"
        findings.append(Finding("missing", message, line, column, attribute))
        return np.nan
    is_comma = _COMMA.fullmatch(cell) is not None
    try:
        value = float(cell.replace(",", ".") if is_comma and has_commas else cell)
    except ValueError:
        value = np.inf
    if abs(value) <= _LARGEST and "_" not in cell:  # neither NaN nor infinite, also as float32
        return value
    if is_comma:
        message = f"{cell!r} has a decimal comma; use a point for decimals throughout"
        findings.append(Finding("decimal comma", message, line, column, attribute, is_error=True))
    elif _NUMBER_PER_CENT.fullmatch(cell):
        message = f"{cell!r} has a per cent sign; give numbers alone throughout"
        findings.append(Finding("per cent", message, line, column, attribute, is_error=True))
    else:
        message = f"{cell[:40]!r} is not a finite number"
        findings.append(Finding("number", message, line, column, attribute, is_error=True))
    return np.nan


def _only_the_cause(findings: list[Finding]) -> list[Finding]:
    """The findings without those that follow from rows whose form is wrong."""
    cause = [
        finding for finding in findings if finding.kind in ("title", "numbered rows", "empty column")
    ]
    return cause or findings


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
        elif given.size and np.ptp(given) == 0 and len(values) > 1 and not are_few(values):
            message = "the same value for every class, so it does not help to tell them apart"
            findings.append(Finding("constant", message, line, column, name))
    return findings


def are_few(values: npt.NDArray[np.float64]) -> bool:
    """Whether the classes (K, A) are so few that their columns say nothing: rows to add to a head."""
    classes, attributes = values.shape
    return bool(attributes > _ATTRIBUTES_PER_CLASS * classes)


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
