"""Manifests: photos are listed once, for runs that read the list instead of the folders."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path

import pyarrow as pa

from zsl_images.errors import DataError
from zsl_images.features.photo_paths import find_images
from zsl_images.features.photo_rows import write_parquet
from zsl_images.features.remote_folders import stamps_at
from zsl_images.features.remote_photos import is_address
from zsl_images.features.skipped_files import LeftOut
from zsl_images.features.stamps import STAMP, Stamp, stamp_of
from zsl_images.files import check_writable, replacing

SCHEMA = pa.schema(zip(STAMP, (pa.string(), pa.int64(), pa.int64()), strict=True))
"""Columns of a manifest: absolute path, size in bytes, modification time in nanoseconds."""

_ROWS = 8192
"""Rows per row group, and in memory at once."""


def write_manifest(
    photos: Iterable[str | os.PathLike[str] | Stamp] | str | os.PathLike[str],
    out: str | os.PathLike[str],
    left_out: LeftOut | None = None,
) -> int:
    """List photos in a Parquet file with the columns `path`, `size` and `mtime`.

    `label` reads it in place of the folders. No photo is opened.

    Args:
        photos: Folders, files, patterns and lists, or one of them, as `find_images` takes them, and
            addresses as `stamps_at` takes them; or an iterator of photo paths or stamps, each once.
        out: File to write (.parquet); an earlier one is replaced.
        left_out: See `find_images`.

    Returns:
        The number of photos.

    Raises:
        DataError: `out` does not end in .parquet, an input is missing, an address cannot be listed, or
            there are no photos.
        OutputError: The file cannot be written.
    """
    out = Path(out)
    if out.suffix.lower() != ".parquet":
        raise DataError(f"{out}: expected a manifest's name to end in .parquet")
    check_writable(out)
    if isinstance(photos, str | os.PathLike):
        photos = [photos]
    found: Iterable[str | os.PathLike[str] | Stamp] = photos
    if isinstance(photos, Sequence):
        here = [photo for photo in photos if not is_address(photo)]
        elsewhere = [stamps_at(str(photo), left_out) for photo in photos if is_address(photo)]
        found = chain(find_images(here, left_out), *elsewhere)
    count = 0

    def tables() -> Iterator[pa.Table]:
        nonlocal count
        stamps = (one if isinstance(one, Stamp) else stamp_of(one) for one in found)
        while batch := list(islice(stamps, _ROWS)):
            count += len(batch)
            yield pa.Table.from_pylist([*map(Stamp._asdict, batch)], SCHEMA)
        if not count:  # an empty folder, or a disk that is not mounted
            raise DataError(f"no photos to list; {out} was not touched")

    with replacing(out) as temporary:
        write_parquet(tables(), SCHEMA, temporary, _ROWS)
    return count
