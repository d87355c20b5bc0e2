"""Photo lists: text and Parquet files that name photos."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zsl_images.errors import DataError
from zsl_images.file_kinds import EMPTY, kind_in_place_of_data
from zsl_images.files import path_of_text

LISTS = frozenset({".txt", ".parquet"})
"""File endings of lists of paths."""


def listed_paths(file: Path) -> Iterator[Path]:
    """The paths in a list; a row without one gives a path that says so, which nobody can read.

    Args:
        file: Text file (.txt) with one path per line, in UTF-8 or UTF-16, or Parquet file with a
            column `path`.

    Raises:
        DataError: It cannot be read.
    """
    kind = kind_in_place_of_data(file)
    if kind and kind != EMPTY:
        raise DataError(f"{file} is {kind}")
    try:
        if file.suffix.lower() == ".txt":
            yield from _lines(file)
        else:
            yield from _rows(file)
    except (OSError, TypeError, ValueError, ArithmeticError, NotImplementedError) as error:  # pyarrow
        raise DataError(
            f"cannot read the manifest {file} ({error}); expected one path per line (.txt), or a "
            "column 'path' (.parquet)"
        ) from error


def _lines(file: Path) -> Iterator[Path]:
    with file.open("rb") as start:
        is_utf16 = start.read(2) in (b"\xff\xfe", b"\xfe\xff")  # as PowerShell writes
    encoding = "utf-16" if is_utf16 else "utf-8-sig"
    with file.open(encoding=encoding, errors="surrogateescape") as lines:
        yield from (Path(line.rstrip("\r\n")) for line in lines if line.strip())


def _rows(file: Path) -> Iterator[Path]:
    import pyarrow.parquet as pq

    with pq.ParquetFile(file, page_checksum_verification=True) as table:
        if "path" not in table.schema_arrow.names:
            raise ValueError(f"no column 'path', but {', '.join(table.schema_arrow.names)}")
        number = 0
        for batch in table.iter_batches(columns=["path"]):
            for path in batch["path"].to_pylist():
                number += 1
                is_there = path.strip() if isinstance(path, str) else path is not None
                yield path_of_text(path) if is_there else Path(f"{file}: row {number} has no path")
