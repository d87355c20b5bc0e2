"""Thumbnails: small pictures of photos, to look at."""

from __future__ import annotations

import io
import os

from zsl_images.features.photos import read_image


def thumbnail(path: str | os.PathLike[str], side: int = 160, quality: int = 70) -> bytes:
    """A photo as a small upright JPEG, without anything else that its file says.

    Args:
        path: Image file.
        side: Pixels of the longer side; smaller photos stay as small as they are.
        quality: Quality of the JPEG, 1 to 95.

    Raises:
        ImageError: The photo cannot be read.
    """
    picture = read_image(path, side)
    picture.thumbnail((side, side))
    small = io.BytesIO()
    picture.info.clear()
    picture.save(small, "jpeg", quality=quality, optimize=True)
    return small.getvalue()
