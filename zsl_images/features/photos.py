"""Photos: an image file or array becomes an upright RGB picture."""

from __future__ import annotations

import os
import stat
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from zsl_images.errors import ImageError
from zsl_images.features.photo_paths import file_mode

MAX_PIXELS = 178_956_970
"""Larger images are refused: decoded, they would take more than half a gigabyte."""


FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "AVIF", "ICO")
"""Formats that are opened (MPO comes with JPEG). Pillow's others, such as PostScript, are not."""


def read_image(path: str | os.PathLike[str], least_side: int = 0) -> Image.Image:
    """Open an image file as an upright RGB picture; of an animation, its first frame.

    Args:
        path: image file.
        least_side: pixels that both sides must keep: a JPEG may be decoded at a half, a quarter or an
            eighth of its size, which is faster, as long as they do. 0 for the full size.

    Raises:
        ImageError: no such file, not an image, damaged, or more than `MAX_PIXELS`.
    """
    path = Path(path)
    mode = file_mode(path)
    if stat.S_ISDIR(mode):
        raise ImageError(f"{path} is a folder, expected an image file")
    if mode and not stat.S_ISREG(mode):
        raise ImageError(f"{path} is not an ordinary file, expected an image file")
    try:
        with path.open("rb") as file:
            image = _identified(file)
            _check_pixels(image)
            if least_side:
                image.draft(None, (least_side, least_side))
            return to_rgb(image)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error
    except FileNotFoundError as error:
        raise ImageError(f"{path}: no such file") from error
    except UnidentifiedImageError as error:
        kind = "empty file" if path.stat().st_size == 0 else "not an image, or of an unknown format"
        raise ImageError(f"{path}: {kind}; expected JPEG, PNG, WebP, TIFF, BMP or GIF") from error
    except Image.DecompressionBombError as error:
        raise ImageError(f"{path}: {_too_large()}") from error
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
        raise ImageError(f"{path}: cannot be decoded ({error})") from error


def to_rgb(image: Image.Image | npt.NDArray[Any]) -> Image.Image:
    """Turn any picture upright and make it 8-bit RGB; transparent parts become white.

    Args:
        image: PIL image, or array of shape (H, W), (H, W, 1), (H, W, 3) or (H, W, 4): bool, uint8,
            uint16, or float in 0..1.

    Raises:
        ImageError: an array of another shape, values that are not finite, or more than `MAX_PIXELS`.
    """
    if not isinstance(image, Image.Image):
        image = _from_array(np.asarray(image))
    _check_pixels(image)
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(_to_8_bit(np.asarray(image)))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    return image.convert("RGB")


def check_strip(image: Image.Image, side: int) -> None:
    """Refuse a strip so thin that it would have too many pixels once its shorter side is `side`.

    Args:
        image: any picture.
        side: pixels of the shorter side after resizing.

    Raises:
        ImageError: it would have more than `MAX_PIXELS`.
    """
    shorter, longer = sorted(image.size)
    if side * side * longer / shorter > MAX_PIXELS:
        raise ImageError(f"{image.width} × {image.height} pixels: too thin a strip; crop it")


def _identified(file: BinaryIO) -> Image.Image:
    """The picture in a file, still to be decoded, in one of `FORMATS`.

    This is `Image.open` without its warning about pictures of more than half of `MAX_PIXELS`, which
    could only be silenced for the whole process. (Large TIFF files still warn while they are decoded.)
    """
    start = file.read(16)
    Image.preinit()
    for name in FORMATS:
        if name not in Image.OPEN:
            Image.init()
        factory, accept = Image.OPEN[name]
        answer = accept(start) if accept else True
        if answer and not isinstance(answer, str):  # a text says that Pillow was built without it
            file.seek(0)
            with suppress(SyntaxError, IndexError, TypeError, struct.error):  # another format
                return factory(file, file.name)
    raise UnidentifiedImageError(f"cannot identify {file.name}")


def _from_array(array: npt.NDArray[Any]) -> Image.Image:
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    fits = array.ndim == 2 or (array.ndim == 3 and array.shape[2] in (3, 4))
    if not fits or array.size == 0:
        raise ImageError(
            f"array of shape {array.shape}, expected (H, W), (H, W, 1), (H, W, 3) or (H, W, 4)"
        )
    return Image.fromarray(_to_8_bit(array))


def _to_8_bit(array: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Scale to 0..255 by the range of the type: 65535, or 1 for floats; if exceeded, by its own."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    values = array.astype(np.float32)
    if not np.isfinite(values).all():
        raise ImageError("the picture holds values that are not finite")
    top = 1.0 if array.dtype.kind == "f" else 65535.0
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > top:  # such as a 32-bit TIFF, whose range is not given
        values, top = values - low, max(high - low, 1e-12)
    return (values * (255.0 / top) + 0.5).astype(np.uint8)


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(f"{image.width} × {image.height} pixels; {_too_large()}")


def _too_large() -> str:
    return f"more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller, or crop it"
