"""Photo formats: which files are photos by their name, and what opens them by their content."""

from __future__ import annotations

import importlib
import importlib.util
from contextlib import suppress
from pathlib import PurePath
from typing import Any, BinaryIO

from PIL import Image, UnidentifiedImageError

from zsl_images.errors import ImageError
from zsl_images.features.jpeg import JpegImage, open_jpeg
from zsl_images.features.orientation import FULL_SIZE
from zsl_images.features.tiff import open_tiff
from zsl_images.file_kinds import HEIF, RAW, kind_of

SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".webp", ".tif", ".tiff", ".bmp", ".gif"}
    | {".mpo", ".ppm", ".pgm", ".pbm", ".pnm", ".jp2", ".j2k", ".jpx", ".jpf", ".jpc", ".j2c"}
    | {".avif", ".ico"}
)
"""File endings that count as photos when a folder is walked."""

HEIF_SUFFIXES = frozenset({".heic", ".heif", ".hif"})
RAW_SUFFIXES = frozenset(
    {".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".dng", ".orf", ".rw2", ".raf"}
    | {".pef", ".srw", ".x3f", ".3fr", ".erf", ".mef", ".mos", ".rwl", ".iiq", ".kdc", ".dcr"}
)
EXTRAS = {"heif": ("pillow_heif", HEIF_SUFFIXES), "raw": ("rawpy", RAW_SUFFIXES)}
"""Extras of this package: the module that each needs, and the file endings that it adds."""

FORMATS = ("PNG", "WEBP", "BMP", "GIF", "PPM", "JPEG2000", "AVIF", "ICO")
"""Formats that Pillow opens besides JPEG and TIFF. Its others, such as PostScript, are not opened."""

_TURNS = {3: 3, 5: 8, 6: 6}
"""LibRaw's number for how the camera was held → the orientation of EXIF."""


def is_photo(name: str) -> bool:
    """Whether a file counts as a photo when a folder is walked, by its ending."""
    suffix = PurePath(name).suffix.lower()
    return suffix in SUFFIXES or any(
        suffix in suffixes and is_installed(extra) for extra, (_, suffixes) in EXTRAS.items()
    )


def is_installed(extra: str) -> bool:
    """Whether the module of one of `EXTRAS` can be imported."""
    try:
        return importlib.util.find_spec(EXTRAS[extra][0]) is not None
    except ValueError:  # a module in `sys.modules` that was made by hand
        return True


def opened(file: BinaryIO, name: str, least_side: int = 0) -> tuple[Image.Image, bytes | None]:
    """The picture in a file, still to be decoded; of a JPEG also its data.

    The content decides the format, not the name; only RAW files that look like TIFF are recognised by
    their ending.

    Args:
        file: Open file, at its start.
        name: Name of the file, for its ending and for messages.
        least_side: Least side in pixels of a picture that serves, see `read_image`.

    Raises:
        ImageError: The content is known, but not read here.
        UnidentifiedImageError: It is not known.
    """
    start = file.read(4096)
    file.seek(0)
    if start.startswith(b"\xff\xd8\xff"):
        data = file.read()
        return _tried(
            lambda: open_jpeg(data), "a JPEG that ends before its picture", "copy it again"
        ), data
    kind, suffix = kind_of(start), PurePath(name).suffix.lower()
    looks_like_tiff = start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
    if kind == RAW or (looks_like_tiff and suffix in RAW_SUFFIXES):
        return _opened_raw(file, least_side)
    if looks_like_tiff:
        return open_tiff(file, name), None
    if kind == HEIF:
        return _opened_heif(file), None
    image = _opened_by_pillow(file, name, start)
    if image is not None:
        return image, None
    if kind is None:
        raise UnidentifiedImageError(f"cannot identify {name}")
    raise ImageError(str(kind) if kind.is_picture else f"not an image, but {kind}")


def _tried(opening: Any, what: str, step: str) -> Image.Image:
    """What `opening` returns; Pillow raises nearly anything for damaged files, and says what."""
    try:
        image: Image.Image = opening()
    except Exception as error:
        raise ImageError(f"{what} ({error}); {step}") from error
    return image


def _opened_by_pillow(file: BinaryIO, name: str, start: bytes) -> Image.Image | None:
    """The picture of a file in one of `FORMATS`.

    This is `Image.open` without its warning about large pictures, which could only be silenced for
    the whole process.
    """
    Image.preinit()
    for format in FORMATS:
        if format not in Image.OPEN:
            Image.init()
        factory, accept = Image.OPEN[format]
        answer = accept(start[:16]) if accept else True
        if answer and not isinstance(answer, str):  # a text says that Pillow was built without it
            file.seek(0)
            with suppress(Exception):  # another format
                return factory(file, name)
    return None


def _opened_heif(file: BinaryIO) -> Image.Image:
    if not is_installed("heif"):
        raise ImageError(str(HEIF))
    as_plugin: Any = importlib.import_module("pillow_heif.as_plugin")  # registers nothing in Pillow
    what, step = "an HEIC photo that cannot be read", "convert it to JPEG, or copy it again"
    return _tried(lambda: as_plugin.HeifImageFile(file), what, step)


def _opened_raw(file: BinaryIO, least_side: int) -> tuple[Image.Image, bytes | None]:
    """The preview in a RAW file if it is large enough, else its developed pixels at half size."""
    if not is_installed("raw"):
        raise ImageError(str(RAW))
    rawpy: Any = importlib.import_module("rawpy")
    try:
        with rawpy.imread(file) as raw:
            preview = _preview(raw)
            if preview is not None and min(preview[0].size) >= max(least_side, 1):
                _note_size(preview[0], raw.sizes)
                return preview
            developed = Image.fromarray(raw.postprocess(half_size=True, use_camera_wb=True))
            _note_size(developed, raw.sizes, is_upright=True)
            return developed, None
    except Exception as error:  # of LibRaw
        reason = error.args[0] if error.args else error
        text = reason.decode(errors="replace") if isinstance(reason, bytes) else reason
        raise ImageError(f"a RAW file that cannot be read ({text}); convert it to JPEG") from error


def _note_size(image: Image.Image, sizes: Any, is_upright: bool = False) -> None:
    """Let a picture carry the size of the photo that it stands for, turned like the picture."""
    with suppress(AttributeError):  # another version of LibRaw
        size = sizes.width, sizes.height
        is_turned = is_upright and sizes.flip in (5, 6)
        image.info[FULL_SIZE] = size[::-1] if is_turned else size


def _preview(raw: Any) -> tuple[Image.Image, bytes] | None:
    """The JPEG preview in a RAW file, which knows how the camera was held."""
    with suppress(Exception):  # there is none, or it is damaged
        data: bytes = raw.extract_thumb().data
        image: JpegImage = open_jpeg(data)
        if "exif" not in image.info:
            exif = Image.Exif()
            exif[0x0112] = _TURNS.get(raw.sizes.flip, 1)
            image.info["exif"] = exif.tobytes()
        return image, data
    return None
