"""Remote photos: photos at addresses such as s3://bucket/photo.jpg, through fsspec."""

from __future__ import annotations

import io
import os
import re
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from typing import Any

from PIL import Image

from zsl_images.errors import DataError, ImageError
from zsl_images.features.archives import address_in_archive, photos_at, read_archived
from zsl_images.features.photos import read_image, read_stream
from zsl_images.features.stamps import Stamp, stamp_of

_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")

EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}
"""Protocols of addresses, and the extra of this package that each needs."""

_TIMES = ("LastModified", "mtime", "created")
"""Where file systems note when a file was written, the surest first."""


def is_address(path: str | os.PathLike[str]) -> bool:
    """Whether a path is an address with a protocol, such as s3://bucket/photo.jpg."""
    return isinstance(path, str) and bool(_ADDRESS.match(path))


def read_anywhere(path: str | os.PathLike[str], least_side: int = 0) -> Image.Image:
    """Open a photo at an address or on this machine; see `read_image`.

    Args:
        path: Address or path.
        least_side: See `read_image`.

    Raises:
        ImageError: It is not there, cannot be reached, or is not an image.
    """
    if not is_address(path):
        return read_image(path, least_side)
    address = str(path)
    try:
        data = _content(address)
    except ImageError:
        raise
    except DataError as error:
        raise ImageError(str(error)) from error
    except FileNotFoundError as error:
        raise ImageError(f"{address}: no such file") from error
    except PermissionError as error:
        raise ImageError(f"{address}: refused ({reason_of(error)}); check the credentials") from error
    except Exception as error:  # each protocol's client raises errors of its own
        raise ImageError(f"{address}: cannot be opened ({reason_of(error)})") from error
    return read_stream(io.BytesIO(data), address, least_side)


def stamp_anywhere(path: str) -> Stamp:
    """A photo as it is now, at an address or on this machine; see `stamp_of`."""
    if not is_address(path):
        return stamp_of(path)
    with suppress(Exception):  # reading it will say why
        place = address_in_archive(path)
        return Stamp(path, *(_archive_size_and_time(place[0]) if place else _size_and_time(path)))
    return Stamp(path, 0, 0)


def file_system_of(address: str) -> tuple[Any, str]:
    """The fsspec file system of an address, and the place in it; it asks anew what is in a folder.

    Raises:
        DataError: The protocol is unknown, or its package is not installed.
    """
    protocol = address.partition("://")[0].lower()
    try:
        import fsspec

        found: tuple[Any, str] = fsspec.core.url_to_fs(address, use_listings_cache=False)
    except ImportError as error:
        extra = EXTRAS.get(protocol)
        step = f'run: pip install "zsl-images[{extra}]"' if extra else "install what it names"
        raise DataError(f"{address}: cannot be opened ({error}); {step}") from error
    except ValueError as error:
        raise DataError(f"{address}: cannot be opened ({error})") from error
    return found


def reason_of(error: Exception) -> str:
    """Why an address cannot be used, in one line."""
    return next(iter(str(error).strip().splitlines()), "") or type(error).__name__


def _content(address: str) -> bytes:
    """The file of a photo; an address such as s3://bucket/a.tar/1.jpg may lead into an archive."""
    if place := address_in_archive(address):
        archive, name = place
        system, inside = file_system_of(archive)
        with suppress(FileNotFoundError, IsADirectoryError):  # a folder may have such a name
            return read_archived(photos_at(archive, lambda: system.open(inside)), name, address)
    system, inside = file_system_of(address)
    data: bytes = system.cat_file(inside)
    return data


@lru_cache(maxsize=64)
def _archive_size_and_time(archive: str) -> tuple[int, int]:
    """Size and time of an archive, which are asked for with each of its photos."""
    return _size_and_time(archive)


def _size_and_time(address: str) -> tuple[int, int]:
    """See `size_and_time_in`."""
    system, inside = file_system_of(address)
    return size_and_time_in(system.info(inside))


def size_and_time_in(info: dict[str, Any]) -> tuple[int, int]:
    """Size in bytes and modification time in ns of a file, in what its file system says of it.

    Not every protocol knows times; then it is 0.
    """
    time = next((info[name] for name in _TIMES if info.get(name)), 0)
    if isinstance(time, str):
        time = datetime.fromisoformat(time)
    seconds = time.timestamp() if isinstance(time, datetime) else float(time)
    return int(info.get("size") or 0), int(seconds * 1e9)
