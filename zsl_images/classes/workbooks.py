"""Excel workbooks: the rows of one sheet, as text."""

from __future__ import annotations

import io
import zipfile
from typing import Any

from zsl_images.classes.dialects import Rows
from zsl_images.classes.findings import Finding
from zsl_images.errors import ClassTableError, listed

_OLD_OR_LOCKED = b"\xd0\xcf\x11\xe0"
_MOST_BYTES = 2**27
_MOST_CELLS = 10**7


def is_workbook(raw: bytes) -> bool:
    """Whether these are the bytes of an Excel workbook, new or old."""
    return raw.startswith((b"PK\x03\x04", _OLD_OR_LOCKED))


def workbook_rows(raw: bytes, name: str, sheet: str | None = None) -> tuple[Rows, list[Finding]]:
    """The rows of a sheet that are not blank, and what is wrong with them.

    Args:
        raw: The workbook.
        name: Name of the workbook, for messages.
        sheet: Name of the sheet. Default: the first one.

    Raises:
        ClassTableError: It is no workbook of today's form, it has no such sheet, or openpyxl is not
            installed.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise ClassTableError(
            f'{name} is an Excel workbook, which needs openpyxl: pip install "zsl-images[excel]". Or '
            "save it as CSV"
        ) from error
    if raw.startswith(_OLD_OR_LOCKED):
        raise ClassTableError(
            f"{name} is an Excel workbook of the old form, or has a password; save it as .xlsx or CSV"
        )
    try:
        _check_size(raw)
        values, formulas = (
            openpyxl.load_workbook(io.BytesIO(raw), data_only=is_value) for is_value in (True, False)
        )
    except Exception as error:  # openpyxl and what it builds on raise many kinds on damaged files
        reason = str(error) or type(error).__name__
        raise ClassTableError(
            f"{name} cannot be read as an Excel workbook ({reason}); save it as CSV"
        ) from error
    titles = [page.title for page in values.worksheets]
    if not titles or (sheet is not None and sheet not in titles):
        raise ClassTableError(f"{name} has no sheet {sheet!r}; it has {listed(titles) or 'none'}")
    title = titles[0] if sheet is None else sheet
    cells = values[title].max_row * values[title].max_column
    if cells > _MOST_CELLS:
        raise ClassTableError(
            f"{name} reaches to row {values[title].max_row} and column {values[title].max_column}, and "
            "most of that is empty; copy the table onto a new sheet, or save it as CSV"
        )
    return _rows(values[title], formulas[title])


def _check_size(raw: bytes) -> None:
    """Refuse a workbook of a few bytes that unpacks to gigabytes.

    Raises:
        ValueError: It is one.
    """
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        size = sum(part.file_size for part in archive.infolist())
    if size > _MOST_BYTES:
        raise ValueError(f"it unpacks to {size / 2**20:.0f} MiB, expected {_MOST_BYTES >> 20} at most")


def _rows(page: Any, formulas: Any) -> tuple[Rows, list[Finding]]:
    rows: Rows = []
    findings = []
    pairs = zip(page.iter_rows(values_only=True), formulas.iter_rows(values_only=True), strict=True)
    for line, (values, written) in enumerate(pairs, start=1):
        cells = tuple(map(_text, values))
        for column, (value, source) in enumerate(zip(values, written, strict=True), start=1):
            if value is None and source is not None:
                message = (
                    f"the formula {source} has no value yet; open the workbook in Excel and save it"
                )
                findings.append(Finding("number", message, line, column, is_error=True))
        if any(cells):
            rows.append((line, cells))
    return rows, findings


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.15g}"  # 0.1 + 0.2 as Excel shows it
    return str(value).strip()
