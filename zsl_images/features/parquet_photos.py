"""Parquet photos: photos in a column of a Parquet file, one per row."""

from __future__ import annotations

import os
import threading
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from itertools import accumulate
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    import pyarrow as pa

COLUMNS = ("image", "img", "photo", "picture", "jpg", "jpeg", "png", "webp", "content", "bytes")
"""Names of columns that are taken for images, if they hold bytes, the first of them first."""

_BATCH = 16
_KEPT = 8
"""Rows that are read at once, and how many times as many stay in memory."""


def image_column(file: str | os.PathLike[str] | BinaryIO) -> str | None:
    """The column of images in a Parquet file; None if there is none, or it is no Parquet file.

    The column holds bytes, or structures whose field `bytes` does, as Hugging Face's data sets have.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return _image_column(pq.read_schema(file))
    except (OSError, pa.ArrowException):
        return None


def _image_column(schema: pa.Schema) -> str | None:
    for name in COLUMNS:
        if name in schema.names:
            type = schema.field(name).type
            if _is_struct(type) or _is_bytes(type):
                return name
    return None


def _is_struct(type: Any) -> bool:
    """Whether values are structures with bytes in them."""
    import pyarrow as pa

    return pa.types.is_struct(type) and any(
        field.name == "bytes" and _is_bytes(field.type) for field in type
    )


def _is_bytes(type: Any) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_binary(type) or pa.types.is_large_binary(type))


class ParquetPhotos:
    """The photos in a Parquet file; each is named by its row, counted from 0.

    Photos that are read in about their order are read from the file once; some rows stay in memory.

    Args:
        opening: Opens the Parquet file.

    Raises:
        ValueError: It is no Parquet file, or has no column of images.
    """

    def __init__(self, opening: Callable[[], BinaryIO]) -> None:
        import pyarrow.parquet as pq

        self.damage: str | None = None
        self._opening = opening
        with opening() as stream, pq.ParquetFile(stream) as file:
            schema, metadata = file.schema_arrow, file.metadata
        column = _image_column(schema)
        if column is None:
            raise ValueError(f"no column of images such as image, but {', '.join(schema.names)}")
        self._leaf = f"{column}.bytes" if _is_struct(schema.field(column).type) else column
        sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
        self._group_starts = [0, *accumulate(sizes)]
        self._lock = threading.Lock()
        self._batches: Iterator[pa.RecordBatch] = iter(())
        self._next = len(self)
        self._recent: deque[tuple[int, pa.Array]] = deque(maxlen=_KEPT)

    def __len__(self) -> int:
        return int(self._group_starts[-1])

    def names(self) -> Iterator[str]:
        """The numbers of its rows."""
        return map(str, range(len(self)))

    def read(self, name: str) -> bytes:
        """The file of the photo in a row.

        Raises:
            KeyError: There is no such row.
            ValueError: The row has no photo.
        """
        if not name.isdecimal() or int(name) >= len(self):
            raise KeyError(name)
        with self._lock:
            data = self._value(int(name))
        if data is None:
            raise ValueError("the row has no image")
        return bytes(data)

    def _value(self, row: int) -> bytes | None:
        """The bytes in a row, from memory or from the file."""
        while True:
            for start, values in self._recent:
                if start <= row < start + len(values):
                    found: bytes | None = values[row - start].as_py()
                    return found
            group = bisect_right(self._group_starts, row) - 1
            if not self._group_starts[group] <= self._next <= row:
                self._go_to(group)
            self._take_batch()

    def _go_to(self, group: int) -> None:
        """Let the next batch begin with a row group."""
        self._batches = self._from(group)
        self._next = self._group_starts[group]

    def _from(self, group: int) -> Iterator[pa.RecordBatch]:
        """The rows of a row group and of those behind it; the file is open until the last is taken."""
        import pyarrow.parquet as pq

        groups = range(group, len(self._group_starts) - 1)
        with self._opening() as stream, pq.ParquetFile(stream) as file:
            yield from file.iter_batches(_BATCH, row_groups=groups, columns=[self._leaf])

    def _take_batch(self) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        try:
            values = next(self._batches).column(0)
        except StopIteration:  # fewer rows than the file says
            raise ValueError("the file is damaged") from None
        except (OSError, pa.ArrowException):
            self._next = len(self)  # what was read so far is of no use
            raise
        if pa.types.is_struct(values.type):
            values = pc.struct_field(values, "bytes")
        self._recent.append((self._next, values))
        self._next += len(values)
