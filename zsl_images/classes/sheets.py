"""Tables as files: rows with their lines, and everything in them that is wrong."""

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
        kind: one word or two for what it is, such as `missing`.
        message: what was found, what was expected, the next step.
        line: counting from 1; None for the whole file.
        column: counting from 1; None for the whole line.
        attribute: the name of that column.
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
        """Line and column, 0 for none: findings are told in this order."""
        return self.line or 0, self.column or 0


@dataclass(frozen=True, eq=False)
class Sheet:
    """A CSV or TSV file, its columns parted by commas, tabs or semicolons.

    Args:
        path: where it lies.
        raw: its bytes.
        encoding: of them.
        delimiter: between cells.
        rows: those that are not blank, the header first: line, cells.
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
        """Read a file and look at its form.

        Args:
            path: the file.
            example: a header, to show what was expected.

        Raises:
            ClassTableError: the file cannot be opened; all else is a finding.
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
            message = f"the file is empty; expected a header such as '{example}' and a row a class"
            findings.append(Finding("empty", message, is_error=True))
        if len(rows) == 1 and not findings:
            message = "a header but no class; add a row a class below it"
            findings.append(Finding("empty", message, rows[0][0], is_error=True))
        return cls(path, raw, encoding, delimiter, tuple(rows), tuple(findings))

    def appended(self, cells: Sequence[str]) -> bytes:
        """The bytes of the file with one more row below; those that were there are untouched.

        Raises:
            ClassTableError: the file's encoding lacks a character of the row.
        """
        text = self.raw.decode(self.encoding, errors="replace")
        line_end = "\r\n" if "\r\n" in text else "\n"
        row = line_of(cells, self.delimiter) + line_end
        if text and not text.endswith(("\n", "\r")):
            row = line_end + row
        marked = {"utf-8-sig": "utf-8", "utf-16": _utf16_without_mark(self.raw)}
        try:
            return self.raw + row.encode(marked.get(self.encoding, self.encoding))
        except UnicodeEncodeError as error:
            raise ClassTableError(
                f"{self.path} is in {self.encoding}, which cannot write {cells[0]!r}; save it as UTF-8"
            ) from error


def line_of(cells: Sequence[str], delimiter: str = ",") -> str:
    """One row as CSV, without its line end."""
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="").writerow(cells)
    return out.getvalue()


def raise_first_error(path: Path, findings: Iterable[Finding]) -> None:
    """Raise the first error among findings, and say how many more there are.

    Raises:
        ClassTableError: there is an error.
    """
    errors = sorted((f for f in findings if f.is_error), key=lambda finding: finding.place)
    if errors:
        more = f" ({len(errors) - 1} more errors in this file)" if len(errors) > 1 else ""
        raise ClassTableError(f"{located(path, errors[0])}: {errors[0].message}{more}")


def located(path: Path, finding: Finding) -> str:
    """`table.csv, line 3, column 2 (stripes)`."""
    where = str(path)
    if finding.line is not None:
        where += f", line {finding.line}"
    if finding.column is not None:
        where += f", column {finding.column}"
    return where + (f" ({finding.attribute})" if finding.attribute else "")


def _decoded(raw: bytes) -> tuple[str, str, list[Finding]]:
    encoding = "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return encoding, raw.decode(encoding), []
    except UnicodeDecodeError:
        message = "not UTF-8; read as Windows-1252: check accents, or save it as UTF-8"
        return "cp1252", raw.decode("cp1252", errors="replace"), [Finding("encoding", message)]


def _utf16_without_mark(raw: bytes) -> str:
    return "utf-16-le" if raw[:2] == b"\xff\xfe" else "utf-16-be"


def _fill(rows: list[tuple[int, tuple[str, ...]]], text: str, delimiter: str) -> list[Finding]:
    """Put the rows of `text` that are not blank into `rows`; give what is wrong with them."""
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
