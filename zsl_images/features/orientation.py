"""Orientation: how a picture must be turned to stand upright."""

from __future__ import annotations

import re
from contextlib import suppress

from PIL import Image

from zsl_images.features.exif import Exif

FULL_SIZE = "zsl_images full size"
"""Key in the `info` of a picture for the width and height of the photo, if it is a smaller copy."""

_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = frozenset(_TURNS[number] for number in (5, 6, 7, 8))


def turn_of(image: Image.Image, exif: Exif | None = None) -> Image.Transpose | None:
    """How a picture must be turned to stand upright; None if it does, or nobody knows.

    Args:
        image: Loaded picture; of its metadata EXIF counts first, then XMP.
        exif: Its EXIF data, if they have been read already.
    """
    exif = exif or Exif.of(image)
    number = exif.number(_ORIENTATION) or _tiff_orientation(image) or _xmp_orientation(image)
    return _TURNS.get(number)


def turns_sideways(turn: Image.Transpose | None) -> bool:
    """Whether a turn makes the width of a picture its height."""
    return turn in _SIDEWAYS


def _tiff_orientation(image: Image.Image) -> int:
    tags = getattr(image, "tag_v2", {})
    with suppress(Exception):  # Pillow reads a tag when it is asked for, and raises what it likes
        return int(tags.get(_ORIENTATION, 0))
    return 0


def _xmp_orientation(image: Image.Image) -> int:
    text = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    data = text.encode() if isinstance(text, str) else text
    found = re.search(rb'tiff:Orientation(?:="|>)([1-8])', data) if isinstance(data, bytes) else None
    return int(found[1]) if found else 0
