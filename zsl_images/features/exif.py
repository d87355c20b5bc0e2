"""EXIF: the few tags that are used of a photo's metadata, each read by itself.

Pillow reads all of EXIF to find one tag, and gives up on the photo if another tag is damaged.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import BinaryIO

from PIL import Image

_HEADER = b"Exif\0\0"
_FOLDER = 0x8769
_TAKEN = ((_FOLDER, 0x9003), (None, 0x9003), (_FOLDER, 0x9004), (None, 0x0132))
"""Tags that say when a photo was taken, the best first, each with the folder that it is in."""

_NUMBERS = {1: "B", 3: "H", 4: "I"}
"""Types that a number may have, as `struct` names them."""

_TEXTS = frozenset({1, 2, 7, 129})
"""Types that a text may have: bytes, ASCII, anything, UTF-8."""

_LONGEST = 256
"""Bytes of a text; more is damage."""

_TIFF_STARTS = (b"II*\0", b"MM\0*", b"IIRO", b"IIRS", b"IIU\0")
"""First bytes of TIFF files, and of RAW files that are built like them: their own tags are EXIF."""


_BOXES = (b"CMT1", b"CMT2")
"""Boxes of a Canon CR3 file that hold EXIF data: the tags of the picture, and those of the photo."""

_BOXES_WITHIN = 65536
"""Bytes at the start of a CR3 file in which its boxes are looked for."""


class Exif:
    """The tags of EXIF data. A tag that is missing or cannot be read is None, whatever is wrong.

    Args:
        file: EXIF data with or without its own header, or a whole TIFF file.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._order = file, ""
        self._tags: dict[int, list[tuple[int, int, bytes]]] = {}
        with suppress(struct.error, OSError, ValueError):  # the data end early
            file.seek(0)
            self._order = {b"II": "<", b"MM": ">"}.get(file.read(2), "")
            if self._order:
                self._tags = self._folder(*self._unpacked("I", 4))

    @classmethod
    def of(cls, image: Image.Image, file: BinaryIO | None = None) -> Exif:
        """The EXIF data of a picture: those in its metadata, else those of its file.

        Args:
            image: Loaded picture.
            file: Its file, if there is one; a TIFF file is its own EXIF data.
        """
        data = image.info.get("exif")
        if not isinstance(data, bytes):
            data = _in_text(image.info.get("Raw profile type exif"))
        if not data and file is not None:
            with suppress(OSError, ValueError):
                file.seek(0)
                if file.read(4) in _TIFF_STARTS:
                    return cls(file)
        while data.startswith(_HEADER):  # some programs write it twice
            data = data[len(_HEADER) :]
        return cls(io.BytesIO(data))

    @classmethod
    def of_raw(cls, file: BinaryIO) -> Iterator[Exif]:
        """The EXIF data of a RAW file itself, which its preview need not repeat."""
        with suppress(OSError, ValueError):
            file.seek(0)
            start = file.read(_BOXES_WITHIN)
            if start[:4] in _TIFF_STARTS:
                yield cls(file)
            elif start[4:12] == b"ftypcrx ":
                for box in _BOXES:
                    before, found, data = start.partition(box)
                    if found:
                        yield cls(io.BytesIO(data[: int.from_bytes(before[-4:]) - 8]))

    def number(self, tag: int) -> int | None:
        """The number of a tag."""
        for kind, _, value in self._tags.get(tag, ()):
            if kind in _NUMBERS:
                return int(struct.unpack_from(self._order + _NUMBERS[kind], value)[0])
        return None

    def text(self, tag: int, folder: int | None = None) -> str | None:
        """The text of a tag, without blanks around it; None if nobody could read it."""
        with suppress(struct.error, OSError, ValueError):
            tags = self._tags if folder is None else self._folder(self.number(folder) or 0)
            for kind, size, value in tags.get(tag, ()):
                if kind not in _TEXTS or size > _LONGEST:
                    continue
                if size > 4:
                    self._file.seek(*struct.unpack(f"{self._order}I", value))
                    value = self._file.read(size)
                if len(value) < size:
                    continue
                text = _decoded(value[:size].partition(b"\0")[0]).strip()
                if text.isprintable() and text:
                    return text
        return None

    def taken(self) -> str | None:
        """When the photo was taken, by the clock of the camera: `2024-05-31 18:04:59`."""
        for folder, tag in _TAKEN:
            with suppress(ValueError):  # such as zeros, from a camera whose clock was never set
                text = self.text(tag, folder) or ""
                if len(text) >= 19:
                    return str(datetime.fromisoformat(text[:10].replace(":", "-") + text[10:19]))
        return None

    def _folder(self, start: int) -> dict[int, list[tuple[int, int, bytes]]]:
        """Tag → its type, number of values, and its value or the place of it, of each entry."""
        (count,) = self._unpacked("H", start)
        data = self._file.read(12 * count)
        tags: dict[int, list[tuple[int, int, bytes]]] = {}
        whole = data[: len(data) // 12 * 12]
        for tag, *entry in struct.iter_unpack(f"{self._order}HHI4s", whole):
            tags.setdefault(tag, []).append((entry[0], entry[1], entry[2]))
        return tags

    def _unpacked(self, form: str, at: int) -> tuple[int, ...]:
        self._file.seek(at)
        form = self._order + form
        return struct.unpack(form, self._file.read(struct.calcsize(form)))


def _in_text(profile: object) -> bytes:
    """EXIF data that old programs wrote into a PNG as text: a name, a length, hexadecimal digits."""
    with suppress(ValueError):
        return bytes.fromhex("".join(str(profile).split("\n")[3:]))
    return b""


def _decoded(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
