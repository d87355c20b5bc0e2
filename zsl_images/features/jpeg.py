"""JPEG: how much of a photo is there, if its file ends early."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

from PIL import Image, ImageChops, JpegImagePlugin

from zsl_images.errors import ImageError

MAX_MISSING = 0.05
"""Share of a photo's rows that may be missing; a photo that misses more is refused."""

_END = b"\xff\xd9"
_MARKER = re.compile(rb"\xff[^\0\xd0-\xd7\xff]")
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN = 0xDA
_ROW_OF_BLOCKS = 16
_LEFT_OFF = (16, 128, 1024)
"""Bytes; a block of one colour rarely has more than the last."""


class JpegImage(JpegImagePlugin.JpegImageFile):
    """A JPEG of which nothing but the picture is read; of a file with several, the first."""

    def getexif(self) -> Image.Exif:
        """Nothing: Pillow would read the resolution, warn, and fail on damaged metadata."""
        return Image.Exif()


def open_jpeg(data: bytes) -> JpegImage:
    """A JPEG, still to be decoded.

    If its end is missing, an end is added, so that Pillow decodes what there is: the rest is grey.

    Args:
        data: The whole file.
    """
    return JpegImage(io.BytesIO(data if _is_closed(data) else _closed(data)))


def check_whole(image: Image.Image, data: bytes) -> None:
    """Refuse a JPEG if too much of it is missing.

    The rule: up to `MAX_MISSING` of the rows may be missing, whether the file ends early, ends in
    zeros, or was closed too early by another program. Missing end bytes cost no row. A progressive
    file needs all its scans; if another program closed it within the last one, which only refines
    the rows, this is not noticed.

    Args:
        image: Decoded picture, of any size.
        data: The whole file.

    Raises:
        ImageError: More is missing.
    """
    is_closed = _is_closed(data)
    if (is_progressive(image) or not is_closed) and not _has_all_scans(data):
        raise ImageError("cannot be decoded whole: the file ends before its last scan; copy it again")
    if is_closed and not _ends_in_grey(image):
        return
    missing = _missing_share(data)
    if missing > MAX_MISSING:
        raise ImageError(
            f"cannot be decoded whole: about {missing:.0%} of the picture is missing, and "
            f"{MAX_MISSING:.0%} is accepted; copy it again"
        )


def is_progressive(image: Image.Image) -> bool:
    """Whether all coefficients of a picture are in memory while it is decoded, at any scale."""
    return bool(image.info.get("progressive"))


def _is_closed(data: bytes) -> bool:
    return data.endswith(_END) or any(marker == 0xD9 for marker, _ in _segments(data))


def _closed(data: bytes) -> bytes:
    """The data with an end, and without the zeros or ones that a disk filled it up with."""
    return data.rstrip(b"\0").rstrip(b"\xff") + _END


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The markers of the first picture, each with its segment; a scan's data are skipped."""
    at = 2
    while marker := _MARKER.search(data, at):
        code = marker[0][1]
        at = marker.end()
        if code == 0xD9:
            yield code, b""
            return
        length = int.from_bytes(data[at : at + 2], "big")
        yield code, data[at + 2 : at + length]
        at += length


def _ends_in_grey(image: Image.Image) -> bool:
    """Whether the last pixel is mid-grey, as all blocks are whose data are missing."""
    last = image.crop((image.width - 1, image.height - 1, image.width, image.height)).convert("L")
    return 127 <= last.getextrema()[0] <= 129  # type: ignore[operator]


def _missing_share(data: bytes) -> float:
    """The share of rows whose data are missing, 0..1.

    The last bytes that are there are left off as well: the first row that changes is the one that
    they belong to, and the rows below it are missing. The bytes may be colour alone, so more are left
    off until something changes. If nothing does, the grey is in the data.
    """
    body = data
    if _is_closed(data):
        body = data[: data.rindex(_END)]
    body = _closed(body)[:-2]
    whole = _grey_levels(body + _END)
    for left_off in _LEFT_OFF:
        try:
            less = _grey_levels(body[:-left_off] + _END)
        except OSError:  # nothing is left of the last scan
            return 0.0 if _scans(data) > 1 else 1.0
        changed = ImageChops.difference(whole, less).getbbox()
        if changed:
            return max(0, whole.height - changed[1] - _ROW_OF_BLOCKS) / whole.height
    return 0.0


def _scans(data: bytes) -> int:
    return sum(code == _SCAN for code, _ in _segments(data))


def _grey_levels(data: bytes) -> Image.Image:
    image = JpegImage(io.BytesIO(data))
    image.draft("L", image.size)
    return image.convert("L")


def _has_all_scans(data: bytes) -> bool:
    """Whether there is data, fine and coarse, for all coefficients of all components."""
    components: set[int] = set()
    is_progressive = False
    exact: dict[int, set[int]] = {}
    for code, segment in _segments(data):
        if code in _FRAMES and len(segment) > 5:
            components = set(segment[6::3][: segment[5]])
            is_progressive = code in (0xC2, 0xC6, 0xCA, 0xCE)
        elif code == _SCAN and segment:
            named = segment[1 : 1 + 2 * segment[0] : 2]
            first, last, bits = segment[1 + 2 * segment[0] :][:3] or (0, 63, 0)
            if bits & 15 == 0:  # the scan leaves no bit for later ones
                for component in named:
                    exact.setdefault(component, set()).update(range(first, last + 1))
    wanted = 64 if is_progressive else 1
    return bool(components) and all(len(exact.get(one, ())) >= wanted for one in components)
