"""Text files of tables: their encoding, what separates their cells, and their rows."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter

from zsl_images.classes.findings import Finding

Rows = list[tuple[int, tuple[str, ...]]]
"""(line, cells) of each row that is not blank."""

_SEPARATOR_LINE = re.compile(r'(?:"sep=(?P<quoted>.)"|sep=(?P<plain>.))[,;\t]*\r?\n')
"""A first line by which spreadsheets say what separates the cells, as Excel writes and reads it."""


def decoded(raw: bytes) -> tuple[str, str, list[Finding]]:
    """The encoding of a file, its text, and what is wrong with the encoding."""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return encoding, raw.decode(encoding), []
    except UnicodeDecodeError:
        message = "not UTF-8; read as Windows-1252: check accents, or save it as UTF-8"
        return "cp1252", raw.decode("cp1252", errors="replace"), [Finding("encoding", message)]


def parsed(text: str) -> tuple[str, Rows, list[Finding]]:
    """What separates the cells of a text, its rows that are not blank, and what is wrong with them.

    A first line `sep=;` decides; else the character that splits most rows into the same number of
    cells.
    """
    if match := _SEPARATOR_LINE.match(text):
        delimiter = match["quoted"] or match["plain"]
        return delimiter, *_rows(text[match.end() :], delimiter, first_line=2)
    tried = {delimiter: _rows(text, delimiter) for delimiter in ",\t;" if delimiter in text}
    if not tried:
        return ",", *_rows(text, ",")
    best = max(reversed(tried), key=lambda delimiter: _agreement(tried[delimiter][0]))
    return best, *tried[best]


def _rows(text: str, delimiter: str, first_line: int = 1) -> tuple[Rows, list[Finding]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: Rows = []
    line = first_line
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((line, tuple(cell.strip() for cell in row)))
            line = reader.line_num + first_line
    except csv.Error as error:
        line = reader.line_num + first_line - 1
        return rows, [Finding("quotes", str(error), line, is_error=True)]
    return rows, []


def _agreement(rows: Rows) -> tuple[int, int]:
    """How many rows have the usual number of cells, and that number; 0 if it is 1."""
    widths = Counter(len(cells) for _, cells in rows)
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
    return (count, width) if width > 1 else (0, 1)
