"""Photo rows: rows of earlier runs, looked up by a photo's path, size and modification time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from zsl_images.errors import DataError
from zsl_images.features.stamps import STAMP, Stamp
from zsl_images.file_kinds import kind_in_place_of_data

_DAMAGE = (OSError, OverflowError, UnicodeError, pa.ArrowException)
"""What pyarrow raises on damaged files."""


class DamagedRows(DataError):
    """A file of photo rows was written by this package, but its content has changed since."""


def stamps_in(rows: pa.Table) -> list[Stamp]:
    """The photos that rows describe."""
    return [Stamp(*values) for values in zip(*(rows[name].to_pylist() for name in STAMP), strict=True)]


def is_gone(stamp: Stamp) -> bool:
    """Whether there was no photo."""
    return stamp[1:] == (0, 0)


class Place(NamedTuple):
    """Place of a row: number of the file, and of the row in it, both counted from 0."""

    file: int
    row: int


class _Index(NamedTuple):
    """All rows, sorted by the hash of their path; rows of one path in the order of the files: (N,)."""

    hashes: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    mtimes: npt.NDArray[np.int64]
    files: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int64]
    is_good: npt.NDArray[np.bool_]


IsGood = Callable[[pa.RecordBatch, Path], npt.NDArray[np.bool_]]
"""Rows, and the file they come from → which of them may be found again: (N,) bool."""

ProblemOf = Callable[[pa.Table], str | None]
"""Rows → what is wrong with their values, None if nothing is."""


class PhotoRows:
    """Rows of Parquet files, one photo each, with the columns of `STAMP`.

    Takes some 50 bytes of memory per row, however wide the rows are.

    Args:
        files: Parquet files; rows of later ones replace rows of earlier ones.
        columns: Columns that `take` returns. Default: all.
        is_good: Chooses the rows that `find` may return, from the columns of `STAMP` and `judged`.
            Default: all rows.
        judged: Columns that `is_good` needs.
        newer: Columns that files of earlier versions do not have; there they are null.
        problem_of: Finds what is wrong with the columns of `take`, when they are read.

    Raises:
        DataError: A file is no Parquet file, or a column is missing.
    """

    def __init__(
        self,
        files: Sequence[Path],
        columns: Sequence[str] | None = None,
        is_good: IsGood | None = None,
        judged: Sequence[str] = (),
        newer: pa.Schema | None = None,
        problem_of: ProblemOf = lambda rows: None,
    ) -> None:
        self._files, self._problem_of = list(files), problem_of
        self._columns, self._newer = columns, newer or pa.schema([])
        older = [name for name in columns or () if name not in self._newer.names]
        needed = dict.fromkeys([*STAMP, *older])
        self._group_starts: list[list[int]] = []
        parts = []
        for number, path in enumerate(self._files):
            # Closed again, since there may be more files than handles.
            with _opened(path, needed) as file, _noticing_damage(path):
                self._group_starts.append(_group_starts(file.metadata))
                first = 0
                for batch in file.iter_batches(columns=[*STAMP, *judged]):
                    _check_stamps(batch)
                    good = is_good(batch, path) if is_good else np.ones(len(batch), bool)
                    parts.append(_index_of(batch, number, first, good))
                    first += len(batch)
        self._index = _sorted(parts)
        self._is_named = np.zeros(len(self), bool)
        self._group = lru_cache(maxsize=4)(self._read_group)

    def __len__(self) -> int:
        return len(self._index.hashes)

    def find(self, stamp: Stamp) -> Place | None:
        """The latest good row of a photo; None if there is none, or the photo has changed since."""
        index, (first, end) = self._index, self._rows_of(stamp.path)
        self._is_named[first:end] = True
        for row in range(end - 1, first - 1, -1):
            is_unchanged = (index.sizes[row], index.mtimes[row]) == (stamp.size, stamp.mtime)
            if is_unchanged and index.is_good[row]:
                return Place(int(index.files[row]), int(index.rows[row]))
        return None

    def last(self, path: str) -> Place | None:
        """The latest row of a path, whatever the photo was then; None if there is none."""
        first, end = self._rows_of(path)
        self._is_named[first:end] = True
        if first == end:
            return None
        return Place(int(self._index.files[end - 1]), int(self._index.rows[end - 1]))

    def is_changed(self, stamp: Stamp) -> bool:
        """Whether the latest row of a photo that exists is about another size or time of it."""
        index, (first, end) = self._index, self._rows_of(stamp.path)
        latest = index.sizes[end - 1 : end].tolist(), index.mtimes[end - 1 : end].tolist()
        return first < end and stamp.mtime != 0 and latest != ([stamp.size], [stamp.mtime])

    def take(self, places: Iterable[Place]) -> pa.Table | None:
        """The rows at `places`, in that order; None if there are none."""
        tables: list[pa.Table] = []
        current = (-1, -1)  # file, and row group in it
        rows: list[int] = []  # rows of that group, taken together
        for file, row in places:
            starts = self._group_starts[file]
            group = bisect_right(starts, row) - 1
            if (file, group) != current and rows:
                tables.append(self._group(*current).take(rows))
                rows = []
            current = file, group
            rows.append(row - starts[group])
        if rows:
            tables.append(self._group(*current).take(rows))
        return pa.concat_tables(tables).combine_chunks() if tables else None

    def latest(self, is_named: bool | None = None, size: int = 4096) -> Iterator[pa.Table]:
        """The latest row of each path, in the order of the files.

        Args:
            is_named: True for paths that `find` or `last` was asked for only, False for all others.
                Default: all paths.
            size: Rows per table, 1 or more.
        """
        index = self._index
        is_last = np.ones(len(self), bool)
        is_last[:-1] = index.hashes[1:] != index.hashes[:-1]
        if is_named is not None:
            is_last &= self._is_named == is_named
        places = np.stack([index.files[is_last], index.rows[is_last]], axis=1)
        places = places[np.lexsort((places[:, 1], places[:, 0]))]
        for start in range(0, len(places), size):
            table = self.take(Place(*place) for place in places[start : start + size].tolist())
            if table is not None:
                yield table

    def _rows_of(self, path: str) -> tuple[int, int]:
        """The first row of a path, and the first behind its last, in the index."""
        wanted = path_hash(path)
        first, end = (np.searchsorted(self._index.hashes, wanted, side) for side in ("left", "right"))
        return int(first), int(end)

    def _read_group(self, file: int, group: int) -> pa.Table:
        path = self._files[file]
        with _opened(path) as opened, _noticing_damage(path):
            table = opened.read_row_group(group, self._columns)
            table.validate(full=True)
            if problem := self._problem_of(table):
                raise pa.ArrowInvalid(problem)
            order = self._columns or [*table.column_names, *self._newer.names]
            known = {field.name: field for field in (*self._newer, *table.schema)}
            schema = pa.schema([known[name] for name in dict.fromkeys(order)], table.schema.metadata)
            return completed(table, schema)


def completed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A table with the columns of a schema; those that it does not have are null."""
    for field in schema:
        if field.name not in table.column_names:
            table = table.append_column(field, pa.nulls(len(table), field.type))
    return table.select(schema.names).cast(schema)


def write_parquet(
    tables: Iterable[pa.Table],
    schema: pa.Schema,
    path: Path | IO[bytes],
    rows: int = 8192,
    **options: Any,
) -> None:
    """Write tables as one Parquet file; memory does not grow with their number.

    Args:
        tables: Tables of `schema`.
        schema: Columns of the file.
        path: File to write, or one that is open.
        rows: Rows per row group.
        **options: Options of `pyarrow.parquet.ParquetWriter`.
    """
    with pq.ParquetWriter(path, schema, write_page_checksum=True, **options) as writer:
        waiting: list[pa.Table] = []
        for table in tables:
            waiting.append(table)
            if sum(map(len, waiting)) >= rows:
                writer.write_table(pa.concat_tables(waiting), row_group_size=rows)
                waiting = []
        if waiting:
            writer.write_table(pa.concat_tables(waiting), row_group_size=rows)


@contextmanager
def _noticing_damage(path: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGE as error:  # a checksum, for one, does not fit
        raise DamagedRows(f"{path} is damaged ({str(error).splitlines()[0]}); remove it") from error


def _check_stamps(batch: pa.RecordBatch) -> None:
    """Refuse rows that name no photo, by what `_noticing_damage` notices."""
    batch.validate(full=True)
    for name, kind in zip(STAMP, (pa.string(), pa.int64(), pa.int64()), strict=True):
        if batch[name].type != kind or batch[name].null_count:
            raise pa.ArrowInvalid(f"the column {name} holds {batch[name].type}, or is empty in a row")


def _opened(path: Path, needed: Iterable[str] = STAMP) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(path, page_checksum_verification=True)
        missing = [name for name in needed if name not in file.schema_arrow.names]
    except _DAMAGE as error:
        if kind := kind_in_place_of_data(path):
            raise DataError(f"{path} is {kind}") from error
        raise DataError(f"{path} cannot be read ({error}); remove it, or name another file") from error
    if missing:
        raise DataError(
            f"{path} has no columns {', '.join(missing)}, so it was not written by this package; name "
            "another file"
        )
    return file


def _group_starts(metadata: pq.FileMetaData) -> list[int]:
    """The first row of each row group, and behind them the number of rows."""
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    return [0, *np.cumsum(sizes).tolist()]


def _index_of(
    batch: pa.RecordBatch, file: int, first_row: int, is_good: npt.NDArray[np.bool_]
) -> _Index:
    count = len(batch)
    return _Index(
        hashes=np.array([path_hash(path) for path in batch["path"].to_pylist()], np.int64),
        sizes=batch["size"].to_numpy(),
        mtimes=batch["mtime"].to_numpy(),
        files=np.full(count, file, np.int64),
        rows=np.arange(first_row, first_row + count, dtype=np.int64),
        is_good=is_good,
    )


def _sorted(parts: Sequence[_Index]) -> _Index:
    if not parts:
        nothing = np.empty(0, np.int64)
        return _Index(nothing, nothing, nothing, nothing, nothing, np.empty(0, bool))
    whole = _Index._make(map(np.concatenate, zip(*parts, strict=True)))
    order = np.argsort(whole.hashes, kind="stable")  # so the latest row of a path comes last
    return _Index._make(column[order] for column in whole)


def path_hash(path: str) -> int:
    """A number of 64 bits that stands for a path, the same on every machine."""
    return int.from_bytes(blake2b(path.encode(), digest_size=8).digest(), "little", signed=True)
