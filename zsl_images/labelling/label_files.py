"""Label files: one row per photo, as Parquet, CSV or JSON lines, depending on the file's ending."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zsl_images.errors import DataError
from zsl_images.features.photo_rows import completed, write_parquet
from zsl_images.files import replacing
from zsl_images.labelling.label_csv import ENCODINGS, csv_cells, csv_header, rounded, row_of_cells
from zsl_images.labelling.label_schema import REQUIRED, SCHEMA

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


def write_labels(
    tables: Iterable[pa.Table], path: str | os.PathLike[str], *, is_for_excel: bool = False
) -> None:
    """Write tables of `SCHEMA` one after the other; memory does not grow with their number.

    In a CSV file, cells that a spreadsheet would take for formulas begin with an apostrophe.

    Args:
        tables: Rows, in the order of the file.
        path: File to write.
        is_for_excel: Whether a CSV file begins with a byte order mark, as Excel needs it.

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
        encoding = ENCODINGS[is_for_excel and suffix == ".csv"]
        with temporary.open("w", encoding=encoding, newline="") as out:
            if suffix == ".csv":
                _write_csv(tables, out)
            else:
                for table in tables:
                    out.writelines(json.dumps(r, ensure_ascii=False) + "\n" for r in _rows(table))


def _write_csv(tables: Iterable[pa.Table], out: TextIO) -> None:
    """Write tables as CSV. They are put down first, to know how many candidates a row has at most."""
    top_k = 0

    def measured() -> Iterator[pa.Table]:
        nonlocal top_k
        for table in tables:
            top_k = max(top_k, pc.max(pc.list_value_length(table["top_labels"])).as_py() or 0)
            yield table

    with tempfile.TemporaryFile(dir=Path(out.name).parent) as kept:
        write_parquet(measured(), SCHEMA, kept)
        writer = csv.writer(out, lineterminator="\r\n")  # so that both are quoted
        header = csv_header(top_k)
        writer.writerow(header)
        for batch in pq.ParquetFile(kept).iter_batches(_ROWS):
            writer.writerows(csv_cells(row, header) for row in _rows(pa.Table.from_batches([batch])))


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
            if not set(file.schema_arrow.names) >= REQUIRED:
                raise ValueError(f"its columns are {', '.join(file.schema_arrow.names)}")
            for batch in file.iter_batches(_ROWS, columns=SCHEMA.names):
                yield completed(pa.Table.from_batches([batch]), SCHEMA)
            return
        with path.open(encoding="utf-8-sig", newline="") as lines:
            rows: Iterator[dict[str, Any]]
            if path.suffix.lower() == ".csv":
                rows = map(row_of_cells, csv.DictReader(lines, strict=True))
            else:
                rows = (json.loads(line) for line in lines)
            is_end = False
            while not is_end:
                with _long_cells():
                    batch = list(islice(rows, _ROWS))
                for row in batch:
                    if absent := REQUIRED - row.keys():
                        raise LookupError(f"a row without {', '.join(sorted(absent))}")
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
            yield {name: rounded(value) for name, value in row.items()}
