"""Label lines: the rows of label files that are text, and the columns that a user has added to them.

Values of added columns stay as the text that the file has: a cell of CSV, a value of JSON.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any, TextIO

from zsl_images.labelling.label_cells import (
    LISTS,
    CellError,
    check_columns,
    csv_header,
    from_cell,
    from_json,
    row_of,
    top_k_of,
)
from zsl_images.labelling.label_schema import SCHEMA

Row = dict[str, Any]
Lines = Callable[[], TextIO]
"""Opens the file, at its start."""


class CsvRows:
    """The rows of a CSV file, as written here or saved by a spreadsheet.

    Commas, semicolons or tabs separate its cells; rows may be empty.

    Args:
        lines: Opens the file.

    Raises:
        LookupError: A column is missing, or two have the same name.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        with lines() as file, _long_cells():
            self._start, self._delimiter, self._header = _header(file)
        names = [name for name in self._header if name]
        check_columns([*names, *LISTS])  # no photo may have had a candidate
        if twice := {name for name in names if names.count(name) > 1}:
            raise LookupError(f"it has two columns {', '.join(sorted(twice))}; rename one of them")
        self._top_k = top_k_of(names)
        known = {*SCHEMA.names, *csv_header(self._top_k)}
        self.own = [name for name in names if name not in known]
        if taken := [name for name in self.own if name in csv_header(top_k_of(self.own))]:
            raise LookupError(
                f"it has columns of yours named like new ones: {', '.join(taken)}; rename them"
            )

    def __iter__(self) -> Iterator[Row]:
        with self._lines() as file:
            for _ in range(self._start):
                next(file)
            reader = csv.reader(file, delimiter=self._delimiter, strict=True)
            for cells in _patient(reader):
                if any(map(str.strip, cells)):
                    with _named_line(self._start + reader.line_num):
                        yield self._row(cells)

    def _row(self, cells: list[str]) -> Row:
        width = len(self._header)
        unnamed = [cell for name, cell in zip(self._header, cells, strict=False) if not name]
        if any(map(str.strip, unnamed + cells[width:])):
            raise CellError("a cell holds something in a column without a name; name the column")
        if len(cells) < width:
            raise CellError(f"{len(cells)} cells, expected {width} as in the header")
        row = dict(zip(self._header, cells, strict=False))
        return {**{name: row[name] for name in self.own}, **row_of(row, self._top_k, from_cell)}


class JsonRows:
    """The rows of a file of JSON lines.

    Args:
        lines: Opens the file.

    Raises:
        LookupError: A key is missing in a line.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        keys = dict.fromkeys(key for _, row in self._rows() for key in row)
        self._top_k = top_k_of(keys)
        known = {*SCHEMA.names, *csv_header(self._top_k)}
        self.own = [key for key in keys if key not in known]

    def __iter__(self) -> Iterator[Row]:
        for number, row in self._rows():
            with _named_line(number):
                known = row_of(row, self._top_k, from_json)
            yield {**{name: json.dumps(row[name]) for name in self.own if name in row}, **known}

    def _rows(self) -> Iterator[tuple[int, Row]]:
        with self._lines() as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    with _named_line(number):
                        row = json.loads(line)
                        if not isinstance(row, dict):
                            raise LookupError(f"{str(row)[:60]} is no row")
                        check_columns(row)
                    yield number, row


def _header(file: TextIO) -> tuple[int, str, list[str]]:
    """The number of lines up to the header's last, what separates cells, and the names of columns."""
    start, first = 1, file.readline()
    if first.lower().lstrip('"').startswith("sep="):  # as Excel writes and reads it
        start, first = 2, file.readline()
    tried = {
        delimiter: [cell.strip() for cell in next(csv.reader([first], delimiter=delimiter), [])]
        for delimiter in ",;\t"
    }
    delimiter = max(tried, key=lambda one: len(tried[one]))
    return start, delimiter, tried[delimiter]


@contextmanager
def _named_line(number: int) -> Iterator[None]:
    """Say in an error in which line it is."""
    try:
        yield
    except ValueError as error:
        raise CellError(f"line {number}: {error}") from error


def _patient(reader: Iterator[list[str]]) -> Iterator[list[str]]:
    while True:
        with _long_cells():
            cells = next(reader, None)
        if cells is None:
            return
        yield cells


_CELL_SIZE_LOCK = Lock()


@contextmanager
def _long_cells() -> Iterator[None]:
    """Let csv read cells of any length inside the block, such as lists of many candidates.

    The limit applies to the whole process, so it is restored afterwards. The lock keeps two readers
    from restoring each other's limit.
    """
    with _CELL_SIZE_LOCK:
        limit = csv.field_size_limit(2**31 - 1)
        try:
            yield
        finally:
            csv.field_size_limit(limit)
