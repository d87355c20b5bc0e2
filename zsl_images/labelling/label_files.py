"""Label files: one row per photo, as Parquet, CSV or JSON lines, depending on the file's ending."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zsl_images.errors import DataError
from zsl_images.features.photo_rows import write_parquet
from zsl_images.files import replacing

SCHEMA = pa.schema(
    [
        ("path", pa.string()),
        ("size", pa.int64()),
        ("mtime", pa.int64()),
        ("label", pa.string()),
        ("probability", pa.float32()),
        ("is_seen", pa.bool_()),
        ("top_labels", pa.list_(pa.string())),
        ("top_probabilities", pa.list_(pa.float32())),
        ("unknown_score", pa.float32()),
        ("answer", pa.string()),
        ("answer_level", pa.string()),
        ("answer_probability", pa.float32()),
        ("error", pa.string()),
        ("head", pa.string()),
        ("backbone", pa.string()),
        ("version", pa.string()),
    ]
)
"""Columns of a label file; README explains each of them."""


LABEL_SUFFIXES = (".parquet", ".csv", ".jsonl")
"""Endings of the names of label files, which choose their form."""


_ROWS = 8192
"""Rows in memory at once."""


def check_suffix(path: str | os.PathLike[str]) -> None:
    """Refuse a file name that does not end like a label file's.

    Raises:
        DataError: Its ending is none of `LABEL_SUFFIXES`.
    """
    if Path(path).suffix.lower() not in LABEL_SUFFIXES:
        raise DataError(f"{path}: expected a label file's name to end in {', '.join(LABEL_SUFFIXES)}")


def write_labels(tables: Iterable[pa.Table], path: str | os.PathLike[str]) -> None:
    """Write tables of `SCHEMA` one after the other; memory does not grow with their number.

    In a CSV file, cells that a spreadsheet would take for formulas begin with an apostrophe.

    Args:
        tables: Rows, in the order of the file.
        path: File to write.

    Raises:
        DataError: The file's ending is none of `LABEL_SUFFIXES`.
        OutputError: The file cannot be written.
    """
    check_suffix(path)
    suffix = Path(path).suffix.lower()
    with replacing(path) as temporary:
        if suffix == ".parquet":
            write_parquet(tables, SCHEMA, temporary)
            return
        with temporary.open("w", encoding="utf-8", newline="") as out:
            if suffix == ".csv":
                writer = csv.writer(out, lineterminator="\r\n")  # so that both are quoted
                writer.writerow(SCHEMA.names)
                for table in tables:
                    writer.writerows([to_cell(v) for v in row.values()] for row in _rows(table))
            else:
                for table in tables:
                    out.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in _rows(table))


def read_labels(path: str | os.PathLike[str]) -> Iterator[pa.Table]:
    """The rows of a label file, as tables of `SCHEMA` with a few thousand rows each.

    Raises:
        DataError: The file cannot be read, or is no label file.
    """
    check_suffix(path)
    path = Path(path)
    try:
        if path.suffix.lower() == ".parquet":
            file = pq.ParquetFile(path)
            if not set(SCHEMA.names) <= set(file.schema_arrow.names):
                raise ValueError(f"its columns are {', '.join(file.schema_arrow.names)}")
            for batch in file.iter_batches(_ROWS, columns=SCHEMA.names):
                yield pa.Table.from_batches([batch]).cast(SCHEMA)
            return
        with path.open(encoding="utf-8", newline="") as lines:
            rows: Iterator[dict[str, Any]]
            if path.suffix.lower() == ".csv":
                rows = (
                    {name: _from_cell(name, row[name]) for name in SCHEMA.names}
                    for row in csv.DictReader(lines, strict=True)
                )
            else:
                rows = (json.loads(line) for line in lines)
            is_end = False
            while not is_end:
                with _long_cells():
                    batch = [{name: row[name] for name in SCHEMA.names} for row in islice(rows, _ROWS)]
                yield pa.Table.from_pylist(batch, SCHEMA)
                is_end = len(batch) < _ROWS
    except (OSError, ValueError, LookupError, TypeError, AttributeError, csv.Error) as error:
        raise DataError(
            f"{path} is no label file ({error or type(error).__name__}); name another, or remove it"
        ) from error


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


def _rows(table: pa.Table) -> Iterator[dict[str, Any]]:
    """Rows as dictionaries, with floats rounded to 6 decimals."""
    for batch in table.to_batches(1024):
        for row in batch.to_pylist():
            yield {name: _short(value) for name, value in row.items()}


def _short(value: Any) -> Any:
    if isinstance(value, list):
        return [_short(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value


def to_cell(value: Any) -> Any:
    """A value as a CSV cell: lists become JSON, and texts like formulas get an apostrophe in front."""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r", "'")):
        return "'" + value
    return value


def _from_cell(name: str, cell: str) -> Any:
    kind = SCHEMA.field(name).type
    if pa.types.is_list(kind):
        return json.loads(cell) if cell else None
    if pa.types.is_string(kind):
        return cell.removeprefix("'") or None
    if pa.types.is_boolean(kind):
        return {"": None, "True": True, "False": False}[cell]
    return (int if pa.types.is_integer(kind) else float)(cell) if cell else None
