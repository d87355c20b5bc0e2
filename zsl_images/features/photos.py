"""Photos: an image file, its bytes or an array becomes an upright RGB picture."""

from __future__ import annotations

import io
import os
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from zsl_images.errors import DataError, ImageError
from zsl_images.features.archives import photos_in, place_in_archive, read_archived
from zsl_images.features.jpeg import check_whole, is_progressive
from zsl_images.features.orientation import FULL_SIZE, turn_of
from zsl_images.features.photo_facts import note_facts
from zsl_images.features.photo_formats import opened
from zsl_images.features.photo_paths import file_mode
from zsl_images.features.pixel_depth import to_8_bit
from zsl_images.features.tiff import TiffImage, tiff_problem

MAX_PIXELS = 178_956_970
"""Pictures that decode to more pixels are refused: they would take more than 0.7 gigabytes."""

_LARGE = 2**25
"""Pixels above which a picture is converted in bands, and made smaller on the way if possible."""

_BAND = 2**22
_DARK_COLOURS = 16
"""16-bit colours are opened by their high byte: below this, less than 4 bits of them are left."""


def read_image(path: str | os.PathLike[str], least_side: int = 0) -> Image.Image:
    """Open an image file as an upright RGB picture; of an animation, its first frame.

    The picture carries what its file says of it, see `photo_facts.facts_of`.

    Args:
        path: Image file, or photo in an archive such as shard.tar/000001.jpg.
        least_side: Pixels that both sides must keep. A JPEG may be decoded at a half, a quarter or an
            eighth of its size, and a very large picture made smaller, as long as they do. 0 for the
            full size.

    Raises:
        ImageError: No such file, not an image, damaged, or more than `MAX_PIXELS` to decode.
    """
    path = Path(path)
    mode = file_mode(path)
    if stat.S_ISDIR(mode):
        raise ImageError(f"{path} is a folder, expected an image file")
    if mode and not stat.S_ISREG(mode):
        raise ImageError(f"{path} is not an ordinary file, expected an image file")
    try:
        with path.open("rb") as file:
            return read_stream(file, str(path), least_side)
    except ImageError:
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        if place := place_in_archive(path):
            return _read_archived(*place, path, least_side)
        raise ImageError(f"{path}: no such file") from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ImageError(f"{path}: cannot be opened ({reason or error})") from error


def _read_archived(archive: Path, name: str, path: Path, least_side: int) -> Image.Image:
    try:
        photos = photos_in(archive)
    except DataError as error:
        raise ImageError(f"{path}: its archive cannot be read ({error})") from error
    return read_stream(io.BytesIO(read_archived(photos, name, str(path))), str(path), least_side)


def read_stream(file: BinaryIO, name: str, least_side: int = 0) -> Image.Image:
    """Read an open image file, see `read_image`.

    Args:
        file: File opened for reading bytes, or `io.BytesIO`.
        name: Name of the file, for messages.
        least_side: See `read_image`.

    Raises:
        ImageError: See `read_image`; the message begins with `name`.
    """
    image: Image.Image | None = None
    try:
        image, jpeg = opened(file, name, least_side)
        if jpeg is not None and is_progressive(image):
            _check_pixels(image)  # its coefficients are all in memory, whatever the size
        if jpeg is not None and least_side:
            image.info.setdefault(FULL_SIZE, image.size)
            image.draft(None, (least_side, least_side))
        _check_pixels(image)
        with _PIXELS.held(image.width * image.height):
            rgb = to_rgb(image, least_side)
        if jpeg is not None:
            check_whole(rgb, jpeg)
        note_facts(rgb, image, file)
        return rgb
    except ImageError as error:
        raise ImageError(f"{name}: {error}") from error
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{name}: not an image, or of an unknown format; expected JPEG, PNG, WebP, TIFF, BMP or GIF"
        ) from error
    except Image.DecompressionBombError as error:
        raise ImageError(f"{name}: {_too_large()}") from error
    except MemoryError as error:
        size = f"{image.width} × {image.height} pixels" if image else "it"
        raise ImageError(f"{name}: too little memory for {size}; make it smaller") from error
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
        if isinstance(image, TiffImage):
            raise ImageError(f"{name}: {tiff_problem(file, error)}") from error
        raise ImageError(f"{name}: cannot be decoded ({error or type(error).__name__})") from error


def to_rgb(image: Image.Image | npt.NDArray[Any], least_side: int = 0) -> Image.Image:
    """Turn any picture upright and make it 8-bit RGB; transparent parts become white.

    Args:
        image: PIL image, or array of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4): bools, integers
            or floats, whose range `pixel_depth.to_8_bit` finds.
        least_side: Pixels that both sides of a very large picture must keep, as it is made smaller.
            0 for the full size.

    Raises:
        ImageError: An array of another shape, values that are not finite, or more than `MAX_PIXELS`.
    """
    if not isinstance(image, Image.Image):
        image = _from_array(np.asarray(image))
    _check_pixels(image)
    is_deep = any(";16" in str(tile) for tile in getattr(image, "tile", ()))
    image.load()
    turn = turn_of(image)
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(to_8_bit(_Rows(image)))
    elif is_deep:
        image = _brightened(image)
    rgb = _in_bands(image, least_side) if image.width * image.height > _LARGE else _on_white(image)
    return rgb.transpose(turn) if turn is not None else rgb


def check_strip(image: Image.Image, side: int) -> None:
    """Refuse a strip so thin that it would have too many pixels once its shorter side is `side`.

    Args:
        image: Any picture.
        side: Pixels of the shorter side after resizing.

    Raises:
        ImageError: It would have more than `MAX_PIXELS`.
    """
    shorter, longer = sorted(image.size)
    if side * side * longer / shorter > MAX_PIXELS:
        raise ImageError(f"{image.width} × {image.height} pixels: too thin a strip; crop it")


class _PixelBudget:
    """Bounds the pixels that all threads decode at the same time, and with them the memory."""

    def __init__(self, limit: int) -> None:
        self._limit, self._held = limit, 0
        self._changed = threading.Condition()

    @contextmanager
    def held(self, pixels: int) -> Iterator[None]:
        """Wait until there is room for so many pixels, and hold it; one picture always has room."""
        with self._changed:
            self._changed.wait_for(lambda: not self._held or self._held + pixels <= self._limit)
            self._held += pixels
        try:
            yield
        finally:
            with self._changed:
                self._held -= pixels
                self._changed.notify_all()


_PIXELS = _PixelBudget(MAX_PIXELS)


class _Rows:
    """A picture as an array whose rows are made when they are asked for."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image
        self.shape = image.height, image.width
        self.size = image.height * image.width
        self.dtype = np.asarray(image.crop((0, 0, 1, 1))).dtype

    def __len__(self) -> int:
        return self._image.height

    def __getitem__(self, rows: slice) -> npt.NDArray[Any]:
        top, bottom, _ = rows.indices(len(self))
        return np.asarray(self._image.crop((0, top, self._image.width, bottom)))


def _on_white(image: Image.Image) -> Image.Image:
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image if image.mode == "RGB" else image.convert("RGB")


def _in_bands(image: Image.Image, least_side: int) -> Image.Image:
    """A large picture in RGB, converted and made smaller band by band."""
    factor = max(1, min(image.size) // least_side) if least_side else 1
    rgb = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    rows = max(1, _BAND // (image.width * factor)) * factor
    for top in range(0, image.height, rows):
        band = _on_white(image.crop((0, top, image.width, min(top + rows, image.height))))
        rgb.paste(band.reduce(factor), (0, top // factor))
    return rgb


def _brightened(image: Image.Image) -> Image.Image:
    """A picture of 16-bit colours, of which Pillow keeps the high byte, with white at its brightest.

    Raises:
        ImageError: The colours use so few of the 16 bits that next to nothing is left of them.
    """
    colours = image.convert("RGB")
    most = max(high for _, high in colours.getextrema())  # type: ignore[misc]
    if 0 < most < _DARK_COLOURS:
        raise ImageError(f"16-bit colours of at most {256 * most + 255} of 65535: save it as 8 bit")
    if most >= 64 or not most:
        return image
    return colours.point(lambda value: min(255, round(value * 255 / 63)))


def _from_array(array: npt.NDArray[Any]) -> Image.Image:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    fits = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if fits and array.size:
        return Image.fromarray(to_8_bit(array))
    message = f"array of shape {array.shape}, expected (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"
    if array.ndim == 4:
        first = array.shape[1] in (1, 3, 4) and array.shape[3] not in (1, 3, 4)
        one_by_one = "list(array.transpose(0, 2, 3, 1))" if first else "list(array)"
        message += f"; if it is a batch, give its images one by one: {one_by_one}"
    elif array.ndim == 3 and array.shape[0] in (1, 3, 4):
        message += "; if the channels come first, move them: array.transpose(1, 2, 0)"
    elif not array.ndim:
        message = f"{type(array.item()).__name__}, expected a path, a PIL image, an array or bytes"
    raise ImageError(message)


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(f"{image.width} × {image.height} pixels; {_too_large()}")


def _too_large() -> str:
    return f"more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller, or crop it"
