"""Stamps: how a photo is recognised again, and whether it has changed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from zsl_images.features.archives import place_in_archive
from zsl_images.files import absolute, path_text

STAMP = ("path", "size", "mtime")
"""Columns by which a row is looked up."""


class Stamp(NamedTuple):
    """A photo at one time: its path, its size in bytes, its modification time in ns.

    The path is absolute and free of `..`, so that it means the same photo in any folder, and however
    it was spelt. Links in it stay as they are. A photo in an archive has the archive's size and time.
    """

    path: str
    size: int
    mtime: int


def stamp_of(path: str | os.PathLike[str]) -> Stamp:
    """A photo as it is now; size and time are 0 if the file does not exist."""
    name = path_text(absolute(path))
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        place = place_in_archive(path)
        if not place:
            return Stamp(name, 0, 0)
        status = place[0].stat()
    return Stamp(name, status.st_size, status.st_mtime_ns)
