"""Remote photos: photos at addresses such as s3://bucket/photo.jpg, through fsspec."""

from __future__ import annotations

import io
import os
import re
from contextlib import suppress

from PIL import Image

from zsl_images.errors import ImageError
from zsl_images.features.photos import read_image, read_stream
from zsl_images.features.stamps import Stamp, stamp_of

_ADDRESS = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+://")


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
    import fsspec

    try:
        system, inside = fsspec.core.url_to_fs(address)
        data = system.cat_file(inside)
    except FileNotFoundError as error:
        raise ImageError(f"{address}: no such file") from error
    except Exception as error:  # each protocol's client raises errors of its own
        reason = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise ImageError(f"{address}: cannot be opened ({reason})") from error
    return read_stream(io.BytesIO(data), address, least_side)


def stamp_anywhere(path: str) -> Stamp:
    """A photo as it is now, at an address or on this machine; see `stamp_of`."""
    if not is_address(path):
        return stamp_of(path)
    import fsspec

    size, mtime = 0, 0
    with suppress(Exception):  # reading it will say why; not every protocol knows times
        system, inside = fsspec.core.url_to_fs(path)
        size = int(system.info(inside).get("size") or 0)
        mtime = int(system.modified(inside).timestamp() * 1e9)
    return Stamp(path, size, mtime)
