"""Label files: one row per photo, as Parquet, CSV or JSON lines, depending on the file's ending."""

from __future__ import annotations

import codecs
import csv
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zsl_images.arguments import check_path
from zsl_images.defaults import LABEL_SUFFIXES
from zsl_images.errors import DataError
from zsl_images.features.photo_rows import write_parquet
from zsl_images.file_kinds import kind_in_place_of_data
from zsl_images.files import replacing
from zsl_images.labelling.label_cells import (
    ENCODINGS,
    LISTS,
    CellError,
    candidate_column,
    check_columns,
    csv_cells,
    csv_header,
    from_cell,
    list_of,
    rounded,
    top_k_of,
)
from zsl_images.labelling.label_lines import CsvRows, JsonRows
from zsl_images.labelling.label_schema import SCHEMA

NO_COLUMNS = pa.schema([])

_ROWS = 8192
"""Rows in memory at once."""

_UNREADABLE = (
    *(OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError, OverflowError),
    *(csv.Error, pa.ArrowException),
)
"""What readers raise on files that hold something else."""


def check_suffix(path: str | os.PathLike[str]) -> None:
    """Refuse a file name that does not end like a label file's.

    Raises:
        DataError: Its ending is none of `LABEL_SUFFIXES`.
    """
    check_path("the path of a label file", path, DataError)
    if Path(path).suffix.lower() not in LABEL_SUFFIXES:
        raise DataError(f"{path}: expected a label file's name to end in {', '.join(LABEL_SUFFIXES)}")


def write_labels(
    tables: Iterable[pa.Table],
    path: str | os.PathLike[str],
    own: pa.Schema = NO_COLUMNS,
    *,
    is_for_excel: bool = False,
) -> None:
    """Write tables of `SCHEMA` one after the other; memory does not grow with their number.

    In a CSV file, cells that a spreadsheet would take for formulas begin with an apostrophe.

    Args:
        tables: Rows, in the order of the file.
        path: File to write.
        own: Columns besides those of `SCHEMA`, as `own_columns_of` gave them for such a file.
        is_for_excel: Whether a CSV file begins with a byte order mark, as Excel needs it.

    Raises:
        DataError: The file's ending is none of `LABEL_SUFFIXES`.
        OutputError: The file cannot be written.
    """
    check_suffix(path)
    suffix = Path(path).suffix.lower()
    with replacing(path) as temporary:
        if suffix == ".parquet":
            write_parquet(tables, pa.schema([*SCHEMA, *own]), temporary)
            return
        encoding = ENCODINGS[is_for_excel and suffix == ".csv"]
        with temporary.open("w", encoding=encoding, newline="") as out:
            if suffix == ".csv":
                _write_csv(tables, own, out)
            else:
                out.writelines(_line(row) for row in _rows(tables))


def _write_csv(tables: Iterable[pa.Table], own: pa.Schema, out: TextIO) -> None:
    """Write tables as CSV. They are put down first, to know how many candidates a row has at most."""
    top_k = 0

    def measured() -> Iterator[pa.Table]:
        nonlocal top_k
        for table in tables:
            top_k = max(top_k, pc.max(pc.list_value_length(table["top_labels"])).as_py() or 0)
            yield table

    with tempfile.TemporaryFile(dir=Path(out.name).parent) as kept:
        write_parquet(measured(), pa.schema([*SCHEMA, *own]), kept)
        writer = csv.writer(out, lineterminator="\r\n")  # so that both are quoted
        header = [*csv_header(top_k), *own.names]
        writer.writerow(header)
        batches = pq.ParquetFile(kept).iter_batches(_ROWS)
        rows = _rows(pa.Table.from_batches([batch]) for batch in batches)
        writer.writerows(csv_cells(row, header) for row in rows)


def read_labels(path: str | os.PathLike[str], with_own: bool = False) -> Iterator[pa.Table]:
    """The rows of a label file, as tables of `SCHEMA` with a few thousand rows each.

    A file that another program has saved is read too, if it holds the same.

    Args:
        path: File to read.
        with_own: Whether the tables also have the columns that a user has added.

    Raises:
        DataError: The file cannot be read, or is no label file.
    """
    with _reading(path):
        if Path(path).suffix.lower() == ".parquet":
            yield from _parquet_tables(Path(path), with_own)
            return
        rows = _text_rows(Path(path))
        schema = pa.schema([*SCHEMA, *_own_texts(rows)]) if with_own else SCHEMA
        found = iter(rows)
        while batch := list(islice(found, _ROWS)):
            yield _with_stamps(pa.Table.from_pylist(batch, schema))


def answered_rows(path: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """The rows of a label file whose photos could be read.

    Raises:
        DataError: The file cannot be read, or is no label file.
    """
    for table in read_labels(path):
        for batch in table.to_batches(1024):
            yield from (row for row in batch.to_pylist() if row["error"] is None)


def own_columns_of(path: str | os.PathLike[str]) -> pa.Schema:
    """The columns that a user has added to a label file.

    Raises:
        DataError: The file cannot be read, or is no label file.
    """
    with _reading(path):
        if Path(path).suffix.lower() != ".parquet":
            return _own_texts(_text_rows(Path(path)))
        with _parquet(Path(path)) as file:
            return pa.schema(_own_fields(file.schema_arrow))


def is_for_excel(path: str | os.PathLike[str]) -> bool:
    """Whether a file begins with the byte order mark that Excel needs."""
    with Path(path).open("rb") as file:
        return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


@contextmanager
def _reading(path: str | os.PathLike[str]) -> Iterator[None]:
    """Say of which file an error is, and what to do."""
    check_suffix(path)
    step = "name another label file, or remove this one"
    try:
        yield
    except CellError as error:
        raise DataError(
            f"{path}, {error}; a spreadsheet or another program has changed the file: correct it, or "
            "name another label file"
        ) from error
    except UnicodeError as error:
        raise DataError(
            f"{path} is not UTF-8, as if a spreadsheet saved it; save it as 'CSV UTF-8', or {step}"
        ) from error
    except _UNREADABLE as error:
        if kind := kind_in_place_of_data(path):
            raise DataError(f"{path} is {kind}, or {step}") from error
        raise DataError(f"{path} is no label file ({error or type(error).__name__}); {step}") from error


def _text_rows(path: Path) -> CsvRows | JsonRows:
    def lines() -> TextIO:
        with path.open("rb") as file:
            is_wide = file.read(2) in (b"\xff\xfe", b"\xfe\xff")
        return path.open(encoding="utf-16" if is_wide else "utf-8-sig", newline="")

    return (CsvRows if path.suffix.lower() == ".csv" else JsonRows)(lines)


def _own_texts(rows: CsvRows | JsonRows) -> pa.Schema:
    return pa.schema([(name, pa.string()) for name in rows.own])


def _parquet(path: Path) -> pq.ParquetFile:
    file = pq.ParquetFile(path, page_checksum_verification=True)
    check_columns(file.schema_arrow.names)
    return file


def _own_fields(schema: pa.Schema) -> list[pa.Field]:
    """The columns of a Parquet file that a user has added; candidates may be flat, as from CSV."""
    known = {*SCHEMA.names, *csv_header(top_k_of(schema.names))}
    return [field for field in schema if field.name not in known]


def _parquet_tables(path: Path, with_own: bool) -> Iterator[pa.Table]:
    with _parquet(path) as file:
        own = _own_fields(file.schema_arrow) if with_own else []
        for batch in file.iter_batches(_ROWS):
            table = pa.Table.from_batches([batch])
            table.validate(full=True)
            columns = [_column(table, field) for field in SCHEMA]
            columns += [table[field.name] for field in own]
            yield _with_stamps(pa.table(columns, pa.schema([*SCHEMA, *own])))


def _column(table: pa.Table, field: pa.Field) -> pa.ChunkedArray | pa.Array:
    """A column of `SCHEMA`, empty if an earlier version did not write it."""
    if field.name in table.column_names:
        return _cast(table[field.name], field)
    if field.name not in LISTS:
        return pa.nulls(len(table), field.type)
    item, what = pa.field(field.name, field.type.value_type), LISTS[field.name]
    ranks = range(1, top_k_of(table.column_names) + 1)
    columns = [candidate_column(rank, what) for rank in ranks]
    values = [
        _cast(table[name], item).to_pylist() if name in table.column_names else [None] * len(table)
        for name in columns
    ]
    return pa.array(map(list_of, zip(*values, strict=True)), field.type)


def _cast(column: pa.ChunkedArray, field: pa.Field) -> pa.ChunkedArray:
    """A column as in `SCHEMA`, whatever type another program gave it."""
    is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if is_text and not pa.types.is_string(field.type):
        values = [from_cell(field, cell) for cell in column.to_pylist()]
        return pa.chunked_array([pa.array(values, field.type)])
    if pa.types.is_timestamp(column.type) and pa.types.is_string(field.type):
        column = pc.cast(column, pa.timestamp("s"), safe=False)  # written without a fraction
    column = pc.cast(column, field.type, safe=not pa.types.is_integer(field.type))
    if pa.types.is_floating(field.type):
        if pc.any(pc.is_inf(column)).as_py():
            raise CellError(f"column {field.name} holds an infinite number, expected a finite one")
        column = pc.if_else(pc.is_nan(column), None, column)
    return column


def _with_stamps(table: pa.Table) -> pa.Table:
    """The rows, of which each names a photo; a missing size or time becomes 0, which no photo has."""
    if table["path"].null_count:
        raise CellError("a row has no path")
    for name in ("size", "mtime"):
        at = table.schema.get_field_index(name)
        table = table.set_column(at, name, pc.fill_null(table[name], 0))
    return table


def _rows(tables: Iterable[pa.Table]) -> Iterator[dict[str, Any]]:
    """Rows as dictionaries, with floats rounded to 6 decimals."""
    for table in tables:
        for batch in table.to_batches(1024):
            for row in batch.to_pylist():
                yield {name: rounded(value) for name, value in row.items()}


def _line(row: dict[str, Any]) -> str:
    """A row as a line of JSON; values of a user's own are JSON already."""
    own = {name: json.loads(text) for name, text in row.items() if name not in SCHEMA.names and text}
    return json.dumps({**{name: row[name] for name in SCHEMA.names}, **own}, ensure_ascii=False) + "\n"
