"""TIFF: opened for its picture alone, so that damage to other tags does not matter."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from typing import Any, BinaryIO

from PIL import Image, TiffImagePlugin

from zsl_images.errors import ImageError

_NEEDED = frozenset(
    {256, 257, 258, 259, 262, 266, 273, 274, 277, 278, 279, 284, 292, 293, 317, 320, 322, 323, 324}
    | {325, 332, 338, 339, 347, 530, 532}
)
"""Tags without which a picture cannot be decoded, or would not stand upright."""

_COLOURS = {0: "grey", 1: "grey", 2: "RGB", 3: "palette", 5: "CMYK", 6: "YCbCr", 8: "Lab"}
_NUMBERS = {2: " signed", 3: " float", 5: " complex", 6: " complex"}


class TiffImage(TiffImagePlugin.TiffImageFile):
    """A TIFF that is not turned, and of whose metadata only what is needed is read."""

    def getexif(self) -> Image.Exif:
        """Nothing: Pillow would read all tags, and fail on a damaged one."""
        return Image.Exif()

    def load_end(self) -> None:
        """Leave the picture as it lies in the file, and its orientation in `tag_v2`."""
        self._size = self.im.size


def open_tiff(file: BinaryIO, name: str) -> TiffImage:
    """A TIFF, still to be decoded.

    Args:
        file: Open file, at its start.
        name: Name of the file, which Pillow may open again to map it into memory.

    Raises:
        ImageError: It cannot be read; the message says what is in it.
    """
    try:
        return TiffImage(file, name)
    except Exception as error:  # Pillow raises nearly anything
        with suppress(Exception):
            return TiffImage(io.BytesIO(_without_other_tags(file)))
        raise ImageError(tiff_problem(file, error)) from error


def tiff_problem(file: BinaryIO, error: Exception) -> str:
    """Why a TIFF cannot be read, with what is in it."""
    kind = ""
    with suppress(Exception):  # its tags are damaged too
        kind = f" of a kind that cannot be read ({_kind_of_tiff(file)})"
    return f"a TIFF{kind}: {error or type(error).__name__}; save it as 8 bit, or copy it again"


def _kind_of_tiff(file: BinaryIO) -> str:
    """What is in a TIFF, such as `RGB, 3 × 32-bit float`."""
    data = io.BytesIO(_without_other_tags(file))
    tags: Any = TiffImagePlugin.ImageFileDirectory_v2(data.read(8))
    data.seek(tags.next)
    tags.load(data)
    bits, number = tags.get(258, (1,)), _NUMBERS.get(tags.get(339, (1,))[0], "")
    colours = _COLOURS.get(tags.get(262), "other colours")
    return f"{colours}, {tags.get(277, len(bits))} × {bits[0]}-bit{number}"


def _without_other_tags(file: BinaryIO) -> bytes:
    """The data of a TIFF of the usual kind, in which tags that are not needed hold a zero."""
    file.seek(0)
    data = bytearray(file.read())
    order = "<" if data[:2] == b"II" else ">"
    (start,) = struct.unpack_from(f"{order}I", data, 4)
    (count,) = struct.unpack_from(f"{order}H", data, start)
    for entry in range(start + 2, start + 2 + 12 * count, 12):
        (tag,) = struct.unpack_from(f"{order}H", data, entry)
        if tag not in _NEEDED:
            struct.pack_into(f"{order}HHII", data, entry, tag, 1, 1, 0)
    return bytes(data)
