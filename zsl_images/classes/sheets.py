"""Sheets: CSV and TSV files as rows with their lines, and everything that is wrong in them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from zsl_images.errors import ClassTableError


@dataclass(frozen=True)
class Finding:
    """Something in a table that is wrong, or deserves a look.

    Args:
        kind: what it is, in one or two words, such as `missing`.
        message: what was found, what was expected, and the next step.
        line: line in the file, counted from 1; None for the whole file.
        column: column, counted from 1; None for the whole line.
        attribute: name of that column.
        is_error: whether the table cannot be used as it is.
    """

    kind: str
    message: str
    line: int | None = None
    column: int | None = None
    attribute: str | None = None
    is_error: bool = False

    @property
    def place(self) -> tuple[int, int]:
        """Line and column, 0 for none; findings are listed in this order."""
        return self.line or 0, self.column or 0


@dataclass(frozen=True, eq=False)
class Sheet:
    """A CSV or TSV file whose columns are separated by commas, tabs or semicolons.

    Args:
        path: path of the file.
        raw: its bytes.
        encoding: its encoding, as Python names it.
        delimiter: character between cells.
        rows: (line, cells) of each row that is not blank, the header first.
        findings: what is wrong with the file, whatever it is about.
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
            path: file to read.
            example: header that shows what was expected.

        Raises:
            ClassTableError: the file cannot be opened; everything else is a finding.
        """
        path = Path(path)
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise ClassTableError(
                f"cannot read the class table {path}: {error.strerror}; expected a CSV or TSV file"
            ) from error
        encoding, text, findings = _decoded(raw)
        first = next((line for line in text.splitlines() if line.strip()), "")
        delimiter = max(",\t;", key=first.count)
        rows: list[tuple[int, tuple[str, ...]]] = []
        if "\0" in text:
            message = "the file holds binary data; expected a CSV or TSV text file"
            findings.append(Finding("binary", message, is_error=True))
        else:
            findings += _fill(rows, text, delimiter)
        if not rows and not findings:
            message = f"the file is empty; expected a header such as '{example}' and one row per class"
            findings.append(Finding("empty", message, is_error=True))
        if len(rows) == 1 and not findings:
            message = "a header but no class; add one row per class below it"
            findings.append(Finding("empty", message, rows[0][0], is_error=True))
        return cls(path, raw, encoding, delimiter, tuple(rows), tuple(findings))

    def appended(self, cells: Sequence[str]) -> bytes:
        """The bytes of the file with one more row at its end; the bytes before it are untouched.

        Raises:
            ClassTableError: the file's encoding cannot write a character of the row.
        """
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


def raise_first_error(path: Path, findings: Iterable[Finding]) -> None:
    """Raise the first error among findings, and say how many more there are.

    Args:
        path: file that the findings are about.
        findings: errors and warnings, in any order.

    Raises:
        ClassTableError: there is an error.
    """
    errors = sorted((f for f in findings if f.is_error), key=lambda finding: finding.place)
    if errors:
        more = f" ({len(errors) - 1} more errors in this file)" if len(errors) > 1 else ""
        raise ClassTableError(f"{located(path, errors[0])}: {errors[0].message}{more}")


def located(path: Path, finding: Finding) -> str:
    """The place of a finding: `table.csv, line 3, column 2 (stripes)`."""
    place = str(path)
    if finding.line is not None:
        place += f", line {finding.line}"
    if finding.column is not None:
        place += f", column {finding.column}"
    return place + (f" ({finding.attribute})" if finding.attribute else "")


def _decoded(raw: bytes) -> tuple[str, str, list[Finding]]:
    """The encoding of a file, its text, and what is wrong with the encoding."""
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return encoding, raw.decode(encoding), []
    except UnicodeDecodeError:
        message = "not UTF-8; read as Windows-1252: check accents, or save it as UTF-8"
        return "cp1252", raw.decode("cp1252", errors="replace"), [Finding("encoding", message)]


def _fill(rows: list[tuple[int, tuple[str, ...]]], text: str, delimiter: str) -> list[Finding]:
    """Append the rows of `text` that are not blank to `rows`; return what is wrong with them."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    findings = []
    line = 1
    try:
        for row in reader:
            if any(cell.strip() for cell in row):
                rows.append((line, tuple(cell.strip() for cell in row)))
                if len(row) != len(rows[0][1]):
                    message = f"{len(row)} cells, expected {len(rows[0][1])} as in the header"
                    findings.append(Finding("cells", message, line, is_error=True))
            line = reader.line_num + 1
    except csv.Error as error:
        findings.append(Finding("quotes", str(error), reader.line_num, is_error=True))
    return findings
