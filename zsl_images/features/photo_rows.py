"""Kept rows: what earlier runs wrote of a photo, found again by its path, size and time of change."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from zsl_images.errors import DataError
from zsl_images.files import path_text


def stamp_of(path: str | os.PathLike[str]) -> Stamp:
    """A photo as it is now; zeros for a file that is not there."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return Stamp(path_text(path), 0, 0)
    return Stamp(path_text(path), status.st_size, status.st_mtime_ns)


STAMP = ("path", "size", "mtime")
"""Columns by which a row is found again."""


class Stamp(NamedTuple):
    """A photo as it was when its row was written: path, size in bytes, time of change in ns."""

    path: str
    size: int
    mtime: int


class Place(NamedTuple):
    """Where a kept row lies: number of the file, and of the row in it."""

    file: int
    row: int


class KeptRows:
    """Rows of Parquet files, each with the columns of `STAMP`.

    Holds some 50 bytes a row, however wide the rows are.

    Args:
        files: later ones override earlier ones.
        columns: what `take` gives. Default: all.
        is_good: rows, and the file they lie in → which of them `find` may give; it is shown the
            columns of `STAMP` and `judged`.
        judged: columns that `is_good` needs.

    Raises:
        DataError: a file is no Parquet file with the columns of `STAMP`.
    """

    def __init__(
        self,
        files: Sequence[Path],
        columns: Sequence[str] | None = None,
        is_good: Callable[[pa.RecordBatch, Path], npt.NDArray[np.bool_]] | None = None,
        judged: Sequence[str] = (),
    ) -> None:
        self._files = list(files)
        self._columns = columns
        self._group_starts: list[list[int]] = []
        found: dict[str, list[npt.NDArray[np.int64]]] = {
            name: [np.empty(0, np.int64)] for name in ("hash", "size", "mtime", "file", "row", "good")
        }
        for number, path in enumerate(self._files):
            start = 0
            with _opened(path) as file:  # not kept open: there may be more files than handles
                self._group_starts.append(_group_starts(file.metadata))
                for batch in file.iter_batches(columns=[*STAMP, *judged]):
                    hashes = [_hash(name) for name in batch["path"].to_pylist()]
                    good = is_good(batch, path) if is_good else np.ones(len(batch), bool)
                    found["hash"].append(np.array(hashes, np.int64))
                    found["size"].append(batch["size"].to_numpy())
                    found["mtime"].append(batch["mtime"].to_numpy())
                    found["file"].append(np.full(len(batch), number))
                    found["row"].append(np.arange(start, start + len(batch)))
                    found["good"].append(good.astype(np.int64))
                    start += len(batch)
        every = {name: np.concatenate(parts) for name, parts in found.items()}
        order = np.argsort(every["hash"], kind="stable")  # of one path, the latest comes last
        self._of = {name: values[order] for name, values in every.items()}
        self._is_named = np.zeros(len(order), bool)
        self._group = lru_cache(maxsize=4)(self._read_group)

    def __len__(self) -> int:
        return len(self._is_named)

    def find(self, stamp: Stamp) -> Place | None:
        """The latest good row of a photo that is as it was, if there is one."""
        wanted = _hash(stamp.path)
        first = int(np.searchsorted(self._of["hash"], wanted))
        last = int(np.searchsorted(self._of["hash"], wanted, side="right"))
        self._is_named[first:last] = True
        for at in range(last - 1, first - 1, -1):
            if (self._of["size"][at], self._of["mtime"][at]) == stamp[1:] and self._of["good"][at]:
                return Place(int(self._of["file"][at]), int(self._of["row"][at]))
        return None

    def take(self, places: Iterable[Place]) -> pa.Table | None:
        """The rows at `places`, in that order; None for no places."""
        found: list[pa.Table] = []
        run: list[int] = []  # rows of one group, taken together
        where = (-1, -1)
        for file, row in places:
            starts = self._group_starts[file]
            group = bisect_right(starts, row) - 1
            if (file, group) != where and run:
                found.append(self._group(*where).take(run))
                run = []
            where = file, group
            run.append(row - starts[group])
        if run:
            found.append(self._group(*where).take(run))
        return pa.concat_tables(found).combine_chunks() if found else None

    def latest(self, is_named: bool | None = None, size: int = 4096) -> Iterator[pa.Table]:
        """The latest row of each path, `size` at a time, in the order of the files.

        Args:
            is_named: only of paths that `find` was asked for (True), or was not (False).
            size: rows of a table.
        """
        hashes = self._of["hash"]
        chosen = np.append(hashes[1:] != hashes[:-1], True) if len(hashes) else self._is_named
        if is_named is not None:
            chosen = chosen & (self._is_named == is_named)
        places = np.stack([self._of["file"][chosen], self._of["row"][chosen]], axis=1)
        places = places[np.lexsort((places[:, 1], places[:, 0]))]
        for start in range(0, len(places), size):
            table = self.take(Place(*place) for place in places[start : start + size].tolist())
            if table is not None:
                yield table

    def _read_group(self, file: int, group: int) -> pa.Table:
        with _opened(self._files[file]) as opened:
            return opened.read_row_group(group, self._columns)


def _opened(path: Path) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(path)
        lacking = [name for name in STAMP if name not in file.schema_arrow.names]
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} cannot be read ({error}); remove it, or name another") from error
    if lacking:
        raise DataError(
            f"{path} lacks the columns {', '.join(lacking)}, so it was not written by this package; "
            "name another file"
        )
    return file


def _group_starts(metadata: pq.FileMetaData) -> list[int]:
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    return [0, *np.cumsum(sizes).tolist()]


def _hash(path: str) -> int:
    return int.from_bytes(blake2b(path.encode(), digest_size=8).digest(), "little", signed=True)


def write_parquet(
    tables: Iterable[pa.Table], schema: pa.Schema, path: Path, rows: int = 8192, **options: Any
) -> None:
    """Write tables of `schema` as one Parquet file with row groups of `rows` rows."""
    with pq.ParquetWriter(path, schema, **options) as writer:
        held: list[pa.Table] = []
        for table in tables:
            held.append(table)
            if sum(map(len, held)) >= rows:
                writer.write_table(pa.concat_tables(held), row_group_size=rows)
                held = []
        if held:
            writer.write_table(pa.concat_tables(held), row_group_size=rows)
