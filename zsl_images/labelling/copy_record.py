"""Copy records: where the copy of each photo was put, so that it can move when the label changes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

import pyarrow as pa

from zsl_images.features.photo_rows import PhotoRows, write_parquet
from zsl_images.features.stamps import Stamp
from zsl_images.files import absolute, path_of_text, path_text, replacing, shortened

_SCHEMA = pa.schema(
    [("path", pa.string()), ("size", pa.int64()), ("mtime", pa.int64()), ("copy", pa.string())]
)


class CopyRecord:
    """A hidden file beside a label file that says where copies are in one folder of sorted photos.

    Args:
        labels: Label file.
        folder: Folder of sorted photos.

    Raises:
        DataError: The record is damaged.
    """

    def __init__(self, labels: Path, folder: Path) -> None:
        self._folder = folder
        letters = blake2b(os.fsencode(absolute(folder)), digest_size=4).hexdigest()
        ending = f".{letters}.copies.parquet"
        self._path = labels.with_name("." + shortened(labels.name, room=len(ending) + 1) + ending)
        files = [self._path] if self._path.exists() else []
        self._rows = PhotoRows(files)

    def find(self, stamps: Sequence[Stamp]) -> list[Path | None]:
        """Where the copy of each photo was put; None if it was not copied as it is now.

        It is the folder itself if somebody has taken the copy away.
        """
        places = [self._rows.find(stamp) for stamp in stamps]
        found = self._rows.take(place for place in places if place)
        copies = iter(found["copy"].to_pylist() if found else ())
        return [self._folder / path_of_text(next(copies)) if place else None for place in places]

    def write(self, batches: Iterator[tuple[Sequence[Stamp], Sequence[Path | None]]]) -> None:
        """Write the record anew; photos that are not in `batches` keep their copies.

        Args:
            batches: Photos, and where the copy of each is; None if it has none.

        Raises:
            OutputError: It cannot be written.
        """

        def tables() -> Iterator[pa.Table]:
            for stamps, copies in batches:
                rows = [
                    {**stamp._asdict(), "copy": path_text(copy.relative_to(self._folder))}
                    for stamp, copy in zip(stamps, copies, strict=True)
                    if copy
                ]
                yield pa.Table.from_pylist(rows, _SCHEMA)
            yield from self._rows.latest(is_named=False)

        with replacing(self._path) as temporary:
            write_parquet(tables(), _SCHEMA, temporary)
