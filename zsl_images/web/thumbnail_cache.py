"""The thumbnail cache: each photo is made small once, and again only if its file changes."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from zsl_images.errors import ImageError, OutputError
from zsl_images.features.thumbnails import thumbnail
from zsl_images.files import cache_folder, make_folder, replacing

SIDE = 256
"""Pixels of the longer side."""


def kept_thumbnail(photo: Path) -> bytes:
    """The thumbnail of a photo, from the cache if it is there.

    Raises:
        ImageError: The photo cannot be read.
    """
    try:
        stamp = photo.stat()
    except OSError as error:
        raise ImageError(f"{photo.name}: {error.strerror}") from error
    key = hashlib.sha256(os.fsencode(f"{photo} {stamp.st_size} {stamp.st_mtime_ns}")).hexdigest()
    place = cache_folder() / "thumbnails" / key[:2] / f"{key[2:34]}-{SIDE}.jpg"
    with suppress(OSError):
        return place.read_bytes()
    data = thumbnail(photo, SIDE)
    with suppress(OutputError):  # it is made again next time
        make_folder(place.parent)
        with replacing(place) as temporary:
            temporary.write_bytes(data)
    return data
