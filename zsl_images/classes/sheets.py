"""Sheets: files of rows and columns, as text, with what is wrong in them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from zsl_images.classes.dialects import Rows, decoded, parsed
from zsl_images.classes.findings import Finding, told_once
from zsl_images.classes.table_paths import find_table, shipped_tables
from zsl_images.classes.workbooks import is_workbook, workbook_rows
from zsl_images.errors import ClassTableError
from zsl_images.file_kinds import kind_in_place_of_data

_WORKBOOK = "Excel"
"""Encoding of a sheet that is part of a workbook."""

_NUMBERING = frozenset({"", "#", "id", "index", "no", "no.", "nr", "number", "unnamed: 0"})
_CLASS = frozenset({"animal", "class", "class name", "category", "label", "name", "species"})


MAP_COLUMNS = ("index", "wnid", "label", "kind_of")
"""Columns of a map of backbone classes, see `class_map`; they are no attributes."""


@dataclass(frozen=True, eq=False)
class Sheet:
    """A CSV or TSV file with commas, tabs or semicolons between its cells, or a sheet of a workbook.

    Args:
        path: Path of the file.
        raw: Its bytes.
        encoding: Its encoding, as Python names it; `Excel` for a workbook.
        delimiter: Character between cells.
        rows: (line, cells) of each row that is not blank, the header first. Columns at the end that
            are empty throughout are left out.
        findings: What is wrong with the file, whatever it is about.
    """

    path: Path
    raw: bytes
    encoding: str
    delimiter: str
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    findings: tuple[Finding, ...]

    @classmethod
    def read(cls, path: str | os.PathLike[str], example: str) -> Sheet:
        """Read a file and check its form.

        Args:
            path: File to read, or name of a shipped table; see `table_paths.find_table`.
            example: Header that shows what was expected.

        Raises:
            ClassTableError: The file cannot be opened, or is a web page or the like; everything else is
                a finding.
        """
        path, page = find_table(path)
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise ClassTableError(
                f"cannot read the class table {path}: {error.strerror}; expected a CSV, TSV or Excel "
                f"file, or the name of a shipped table ({', '.join(shipped_tables())})"
            ) from error
        if raw and (kind := kind_in_place_of_data(path)):
            raise ClassTableError(f"{path} is {kind}")
        encoding, delimiter = _WORKBOOK, "\t"
        if is_workbook(raw):
            rows, findings = workbook_rows(raw, str(path), page)
        else:
            encoding, text, findings = decoded(raw)
            if "\0" in text:
                message = "the file holds binary data; expected a CSV, TSV or Excel file"
                findings.append(Finding("binary", message, is_error=True))
                rows = []
            else:
                delimiter, rows, wrong = parsed(text)
                findings += wrong
        rows = _without_empty_columns(rows)
        if len(rows) > 1 or not any(finding.is_error for finding in findings):
            findings += _form(rows, example)
        return cls(path, raw, encoding, delimiter, tuple(rows), tuple(told_once(findings)))

    def numbered(self) -> list[Finding]:
        """An error if a column of numbers comes before that of the classes, which must be first."""
        if (self.rows and class_column_of(self.rows[0][1])) or not _is_numbered(self.rows):
            return []
        numbers = ", ".join(cells[0] for _, cells in self.rows[1:4])
        message = f"the first column holds {numbers}, ... and the second the names: remove the first"
        return [Finding("numbered rows", message, self.rows[0][0], 1, is_error=True)]

    def appended(self, cells: Sequence[str]) -> bytes:
        """The bytes of the file with one more row at its end; the bytes before it are untouched.

        Raises:
            ClassTableError: It is a workbook, or its encoding cannot write a character of the row.
        """
        if self.encoding == _WORKBOOK:
            raise ClassTableError(
                f"{self.path} is an Excel workbook, to which no row can be added here; save it as CSV"
            )
        text = self.raw.decode(self.encoding, errors="replace")
        line_end = "\r\n" if "\r\n" in text else "\n"
        row = line_of(cells, self.delimiter) + line_end
        if text and not text.endswith(("\n", "\r")):
            row = line_end + row
        try:
            return self.raw + row.encode(self._encoding_without_mark())
        except UnicodeEncodeError as error:
            raise ClassTableError(
                f"{self.path} is in {self.encoding}, which cannot write {cells[0]!r}; save it as UTF-8"
            ) from error

    def _encoding_without_mark(self) -> str:
        """The encoding of what follows the byte order mark, if there is one."""
        if self.encoding == "utf-16":
            return "utf-16-le" if self.raw[:2] == b"\xff\xfe" else "utf-16-be"
        return self.encoding.removesuffix("-sig")


def line_of(cells: Sequence[str], delimiter: str = ",") -> str:
    """One row as CSV, without its line end."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\r\n").writerow(cells)  # both are quoted
    return out.getvalue().removesuffix("\r\n")


def map_columns(header: Sequence[str]) -> dict[str, int]:
    """Those of `MAP_COLUMNS` that a header has, beside a column `class`, counted from 0."""
    names = [name.casefold() for name in header]
    return {name: names.index(name) for name in MAP_COLUMNS if name in names and "class" in names}


def class_column_of(header: Sequence[str]) -> int:
    """The column of the classes, counted from 0: the first one, unless that is one of a map."""
    names = [name.casefold() for name in header]
    return names.index("class") if 0 in map_columns(header).values() else 0


def _without_empty_columns(rows: Rows) -> Rows:
    """The rows up to the last column that is not empty throughout."""
    width = max(
        (column for _, cells in rows for column, cell in enumerate(cells, 1) if cell), default=0
    )
    return [(line, cells[:width]) for line, cells in rows]


def _form(rows: Rows, example: str) -> list[Finding]:
    """What is wrong with the rows as a whole; one finding, since it makes all others meaningless."""
    if not rows:
        message = f"the file is empty; expected a header such as '{example}' and one row per class"
        return [Finding("empty", message, is_error=True)]
    line, header = rows[0]
    if len(rows) == 1:
        message = "a header but no class; add one row per class below it"
        return [Finding("empty", message, line, is_error=True)]
    if not any(header[1:]) and sum(map(bool, rows[1][1])) > 1:
        message = f"this looks like a title: the header, such as '{example}', must come first"
        return [Finding("title", message, line, is_error=True)]
    if not any(cells[0] for _, cells in rows):
        message = "the first column is empty throughout, and the classes must be there: remove it"
        return [Finding("empty column", message, line, 1, is_error=True)]
    return [
        Finding(
            "cells",
            f"{len(cells)} cells, expected {len(header)} as in the header",
            line,
            is_error=True,
        )
        for line, cells in rows[1:]
        if len(cells) != len(header)
    ]


def _is_numbered(rows: Sequence[tuple[int, tuple[str, ...]]]) -> bool:
    """Whether a column of numbers comes before that of the classes."""
    header, body = rows[0][1] if rows else (), [cells for _, cells in rows[1:]]
    if (
        len(header) < 2
        or not body
        or not (header[0].lower() in _NUMBERING or header[1].lower() in _CLASS)
    ):
        return False
    return all(
        len(cells) > 1 and cells[0].isdecimal() and cells[1] and not _is_number(cells[1])
        for cells in body
    )


def _is_number(cell: str) -> bool:
    try:
        float(cell.replace(",", "."))
    except ValueError:
        return False
    return True
