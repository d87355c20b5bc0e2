"""Orientation: how a picture must be turned to stand upright, all that is needed of its metadata.

Pillow reads all of EXIF to find one tag, and gives up on the photo if another tag is damaged.
"""

from __future__ import annotations

import re
import struct
from contextlib import suppress

from PIL import Image

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
_NUMBERS = {1: "B", 3: "H", 4: "I"}
"""Types of EXIF that the tag may have, as `struct` names them."""


def turn_of(image: Image.Image) -> Image.Transpose | None:
    """How a picture must be turned to stand upright; None if it does, or nobody knows.

    Args:
        image: Loaded picture; of its metadata EXIF counts first, then XMP.
    """
    exif = image.info.get("exif")
    if not isinstance(exif, bytes):
        exif = _exif_in_text(image.info.get("Raw profile type exif"))
    number = _orientation_in(exif) or _tiff_orientation(image) or _xmp_orientation(image)
    return _TURNS.get(number)


def _orientation_in(exif: bytes) -> int:
    """The orientation 1..8 in EXIF data; 0 if there is none that can be read."""
    data = re.sub(rb"\A(Exif\0\0){1,2}", b"", exif)
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None:
        return 0
    with suppress(struct.error):  # the data end early
        (start,) = struct.unpack_from(f"{order}I", data, 4)
        (count,) = struct.unpack_from(f"{order}H", data, start)
        for entry in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, _ = struct.unpack_from(f"{order}HHI", data, entry)
            if tag == _ORIENTATION and kind in _NUMBERS:
                return int(struct.unpack_from(order + _NUMBERS[kind], data, entry + 8)[0])
    return 0


def _exif_in_text(profile: object) -> bytes:
    """EXIF data that old programs wrote into a PNG as text: a name, a length, hexadecimal digits."""
    with suppress(ValueError):
        return bytes.fromhex("".join(str(profile).split("\n")[3:]))
    return b""


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
