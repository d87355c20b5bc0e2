"""File kinds: what a file really is, judged by its first bytes, and what to do about it."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple


class FileKind(NamedTuple):
    """What a file is.

    Args:
        name: Noun phrase for a message, such as `a web page`.
        step: What the user can do to get the file that was expected.
        is_picture: Whether it shows what was expected, though in another form.
    """

    name: str
    step: str
    is_picture: bool = False

    def __str__(self) -> str:
        return f"{self.name}: {self.step}"


HEIF = FileKind(
    "an HEIC photo",
    'install what reads it (pip install "zsl-images[heif]"), or convert it to JPEG',
    True,
)
RAW = FileKind(
    "a RAW file of a camera",
    'install what reads it (pip install "zsl-images[raw]"), or convert it to JPEG',
    True,
)
EMPTY = FileKind("an empty file", "copy it again")
POINTER = FileKind("a Git LFS pointer", "run git lfs pull to get the file")
PAGE = FileKind("a web page", "download the file again")
PICKLE = FileKind("a pickle, which could run code", "save its tensors as .safetensors")
_VIDEO = FileKind("a video", "save frames of it as JPEG")
_ARCHIVE = FileKind("an archive", "unpack it")
_PICTURE_STEP = "convert it to JPEG"
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")

_STARTS = (
    (b"version https://git-lfs", POINTER),
    (b"%PDF", FileKind("a PDF document", "save its pictures as JPEG")),
    (b"PK\x03\x04", _ARCHIVE._replace(name="a ZIP archive (or an Office document)")),
    (b"\x1f\x8b", _ARCHIVE._replace(name="a gzip archive")),
    (b"BZh", _ARCHIVE),
    (b"\xfd7zXZ", _ARCHIVE),
    (b"7z\xbc\xaf", _ARCHIVE._replace(name="a 7-Zip archive")),
    (b"Rar!", _ARCHIVE._replace(name="a RAR archive")),
    (b"\xff\x0a", FileKind("a JPEG XL picture", _PICTURE_STEP, True)),
    (b"\0\0\0\x0cJXL ", FileKind("a JPEG XL picture", _PICTURE_STEP, True)),
    (b"8BPS", FileKind("a Photoshop file", _PICTURE_STEP, True)),
    (b"%!PS", FileKind("a PostScript file", _PICTURE_STEP, True)),
    (b"\xc5\xd0\xd3\xc6", FileKind("a PostScript file", _PICTURE_STEP, True)),
    (b"\x76\x2f\x31\x01", FileKind("an OpenEXR picture", "save it as 8 bit", True)),
    (b"#?RADIANCE", FileKind("a Radiance HDR picture", "save it as 8 bit", True)),
    (b"SIMPLE  =", FileKind("a FITS file", "save it as 8 bit", True)),
    (b"AT&TFORM", FileKind("a DjVu document", _PICTURE_STEP, True)),
    (b"DDS ", FileKind("a DirectDraw texture", _PICTURE_STEP, True)),
    (b"gimp xcf", FileKind("a GIMP file", _PICTURE_STEP, True)),
    (b"icns", FileKind("an Apple icon", _PICTURE_STEP, True)),
    (b"\0\x05\x16\x07", FileKind("an AppleDouble file of a Mac", "use the file without ._ before it")),
    (b"FUJIFILMCCD-RAW", RAW),
    (b"IIU\0", RAW),
    (b"IIRO", RAW),
    (b"IIRS", RAW),
    (b"FOVb", RAW),
    (b"\x1aE\xdf\xa3", _VIDEO),
    (b"\0\0\x01\xba", _VIDEO),
    (b"\0\0\x01\xb3", _VIDEO),
    (b"FLV", _VIDEO),
    (b"0&\xb2u\x8ef\xcf\x11", _VIDEO),
    (b"OggS", _VIDEO._replace(name="a video or sound")),
    (b"ID3", FileKind("a sound", "give photos only")),
    (b"SQLite format 3", FileKind("a database", "give photos only")),
    (b"\x93NUMPY", FileKind("a NumPy array", "open it, and pass it as an array")),
    (b"\x89HDF", FileKind("an HDF5 file", "save its pictures as JPEG")),
)
"""First bytes of files that are no pictures, or pictures that are not read here."""


def kind_of(start: bytes) -> FileKind | None:
    """What a file is that begins like this; None if that is not known.

    Args:
        start: First 512 bytes or more, or the whole file.
    """
    if not start:
        return EMPTY
    for magic, kind in _STARTS:
        if start.startswith(magic):
            return kind
    if start[:4] in (b"II*\0", b"MM\0*") and start[8:10] == b"CR":
        return RAW
    if start[4:8] == b"ftyp":
        return _boxed(start)
    if start[:4] == b"RIFF" and start[8:12] == b"AVI ":
        return _VIDEO
    if start[128:132] == b"DICM":
        return FileKind("a DICOM picture", "save it as 8-bit PNG", True)
    if re.match(rb"\x80[\x02-\x05]", start):
        return PICKLE
    if not start.strip(b"\0"):
        return FileKind("full of zeros", "copy it again")
    return _written(start)


def kind_of_file(path: str | os.PathLike[str]) -> FileKind | None:
    """What a file is, see `kind_of`; None if it cannot be opened."""
    try:
        with Path(path).open("rb") as file:
            return kind_of(file.read(4096))
    except (OSError, ValueError):
        return None


def kind_in_place_of_data(path: str | os.PathLike[str]) -> FileKind | None:
    """What lies at a path in place of weights, a table or a list: nothing, a pointer or a page."""
    kind = kind_of_file(path)
    return kind if kind in (EMPTY, POINTER, PAGE) else None


def _boxed(start: bytes) -> FileKind:
    """A file made of boxes, as MP4 and HEIF are; its brands say which."""
    brands = start[8:12], *(start[at : at + 4] for at in range(16, min(start[3], 64), 4))
    if brands[0] == b"crx ":
        return RAW
    if b"avif" in brands or b"avis" in brands:
        return FileKind("an AVIF picture that Pillow cannot read here", _PICTURE_STEP, True)
    return HEIF if any(brand in _HEIF_BRANDS for brand in brands) else _VIDEO


def _written(start: bytes) -> FileKind | None:
    """What a text is: a page, a drawing, plain text."""
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")[:1024].lower()
    if text.startswith((b"<!doctype html", b"<html")) or b"<html" in text:
        return PAGE
    if b"<svg" in text:
        return FileKind("an SVG drawing", "save it as PNG")
    if text.startswith(b"<?xml") or text.startswith(b"<error"):
        return FileKind("an XML file", "download the photo again")
    if text[:1] in (b"{", b"["):
        return FileKind("a JSON file", "download the photo again")
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4 or not start:  # not merely cut within a character
            return None
    is_text = not re.search(rb"[\0-\x08\x0e-\x1a]", start)
    return FileKind("a text file", "give the photo itself") if is_text else None
