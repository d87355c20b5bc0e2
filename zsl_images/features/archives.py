"""Archives: files that hold many photos, such as tar files and Parquet files with a column of images.

A photo in an archive has a path of its own: `shard.tar/000001.jpg`, or `photos.parquet/7` for the photo
in row 7, counted from 0.
"""

from __future__ import annotations

import os
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Protocol

from zsl_images.errors import DataError, ImageError
from zsl_images.features.parquet_photos import ParquetPhotos, image_column
from zsl_images.features.tar_photos import TarPhotos

_ADDRESS = re.compile(r"(.+?\.(?:tar|parquet))/(.+)", re.IGNORECASE)
_KEPT = 4
"""Archives that stay open, with the places of the photos in them."""


class Photos(Protocol):
    """The photos in an archive."""

    damage: str | None

    def names(self) -> Iterator[str]:
        """The names of all files in it, in their order; of its rows, if it is a table."""

    def read(self, name: str) -> bytes:
        """The file of a photo.

        Raises:
            KeyError: There is none of that name.
            ValueError: It is not whole, or empty.
        """


KINDS: dict[str, Callable[[Callable[[], BinaryIO]], Photos]] = {
    ".tar": TarPhotos,
    ".parquet": ParquetPhotos,
}
"""File endings of archives, and what reads them from a function that opens the file."""


class _Opened:
    """The archives that were opened last; threads share them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._photos: OrderedDict[tuple[object, ...], Photos] = OrderedDict()

    def get(self, key: tuple[object, ...], suffix: str, opening: Callable[[], BinaryIO]) -> Photos:
        with self._lock:
            if key not in self._photos:
                self._photos[key] = KINDS[suffix](opening)
            self._photos.move_to_end(key)
            while len(self._photos) > _KEPT:
                self._photos.popitem(last=False)
            return self._photos[key]


_OPENED = _Opened()


def is_archive(path: Path) -> bool:
    """Whether a file counts as an archive: by its ending, and if it is a table by its columns."""
    suffix = path.suffix.lower()
    return suffix in KINDS and (suffix != ".parquet" or image_column(path) is not None)


def place_in_archive(path: str | os.PathLike[str]) -> tuple[Path, str] | None:
    """The archive on this machine that a path leads into, and the name of the photo in it."""
    path = Path(path)
    for parent in path.parents:
        if parent.suffix.lower() in KINDS and parent.is_file():
            return parent, path.relative_to(parent).as_posix()
    return None


def address_in_archive(address: str) -> tuple[str, str] | None:
    """The address of the archive that an address may lead into, and the name of the photo in it."""
    found = _ADDRESS.fullmatch(address)
    return (found[1], found[2]) if found else None


def photos_in(archive: Path) -> Photos:
    """The photos in an archive on this machine.

    Raises:
        DataError: It is none, or cannot be read; the message says why, but does not name it.
    """
    try:
        status = archive.stat()
        key = os.fspath(archive), status.st_size, status.st_mtime_ns
        return _OPENED.get(key, archive.suffix.lower(), lambda: archive.open("rb"))
    except (OSError, RuntimeError, ValueError) as error:  # pyarrow's errors are among these
        reason = (error.strerror if isinstance(error, OSError) else None) or error
        raise DataError(str(reason)) from error


def photos_at(address: str, opening: Callable[[], BinaryIO]) -> Photos:
    """The photos in an archive at an address; it is taken not to change while this process runs.

    Args:
        address: Address of the archive.
        opening: Opens it for reading bytes at any place.

    Raises:
        ValueError: It is none. What `opening` raises passes through.
    """
    return _OPENED.get((address,), Path(address).suffix.lower(), opening)


def read_archived(photos: Photos, name: str, path: str) -> bytes:
    """The file of a photo in an archive.

    Args:
        photos: Photos of the archive.
        name: Name of the photo in it.
        path: Path of the photo, for messages.

    Raises:
        ImageError: It is not there, or cannot be read.
    """
    try:
        return photos.read(name)
    except KeyError as error:
        raise ImageError(f"{path}: no such photo in the archive") from error
    except (OSError, RuntimeError, ValueError) as error:  # pyarrow's errors are among these
        raise ImageError(f"{path}: cannot be read from the archive ({error})") from error
