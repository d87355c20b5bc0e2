"""Own columns: what a user has added to a label file, kept when its rows are written anew."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa

from zsl_images.features.photo_rows import PhotoRows, write_parquet
from zsl_images.features.stamps import Stamp
from zsl_images.labelling.label_files import NO_COLUMNS, own_columns_of, read_labels

_KEY = pa.schema([("path", pa.string()), ("size", pa.int64()), ("mtime", pa.int64())])


class OwnColumns:
    """The columns that a user has added to a label file, by the path of the photo.

    They belong to the photo, so a row that is made anew keeps them.

    Args:
        schema: The columns.
        rows: Their values, under the path of each photo; size and time are 0.
    """

    def __init__(self, schema: pa.Schema = NO_COLUMNS, rows: PhotoRows | None = None) -> None:
        self.schema, self._rows = schema, rows

    @classmethod
    @contextmanager
    def of(cls, labels: Path) -> Iterator[OwnColumns]:
        """The columns that a user has added to a label file, if there is one, while the body runs.

        Raises:
            DataError: It is no label file.
        """
        schema = own_columns_of(labels) if labels.exists() else NO_COLUMNS
        if not schema.names:
            yield cls()
            return
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            path = Path(folder) / "own.parquet"
            tables = (_keyed(table, schema) for table in read_labels(labels, with_own=True))
            write_parquet(tables, pa.schema([*_KEY, *schema]), path)
            yield cls(schema, PhotoRows([path]))

    def added_to(self, rows: pa.Table) -> pa.Table:
        """Rows of a label file with these columns; photos that have no values get null."""
        if not self._rows:
            return rows
        places = [self._rows.find(Stamp(path, 0, 0)) for path in rows["path"].to_pylist()]
        found = [place for place in places if place]
        at, positions = 0, []
        for place in places:
            positions.append(at if place else None)
            at += place is not None
        own = self._rows.take(found)
        columns = own.take(pa.array(positions, pa.int64())) if own else None
        for field in self.schema:
            values = columns[field.name] if columns else pa.nulls(len(rows), field.type)
            rows = rows.append_column(field, values)
        return rows

    def left(self) -> int:
        """Number of photos that have values, and of which no row was asked for."""
        return sum(map(len, self._rows.latest(is_named=False))) if self._rows else 0


def _keyed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    nothing = pa.array([0] * len(table), pa.int64())
    own = [table[field.name] for field in schema]
    return pa.table([table["path"], nothing, nothing, *own], pa.schema([*_KEY, *schema]))
