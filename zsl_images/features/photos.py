"""Images: a path becomes an upright RGB picture, and a folder a stable list of paths."""

from __future__ import annotations

import os
import stat
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from zsl_images.errors import ImageError
from zsl_images.features.photo_paths import _mode

MAX_PIXELS = 178_956_970
"""Larger images are refused: decoded, they would take more than half a gigabyte."""


FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "JPEG2000", "AVIF", "ICO")
"""Formats that are opened (MPO comes with JPEG); Pillow's other plugins (PostScript, say) stay shut."""


warnings.filterwarnings("ignore", category=Image.DecompressionBombWarning)  # MAX_PIXELS decides


def read_image(path: str | os.PathLike[str], least_side: int = 0) -> Image.Image:
    """Open an image file as an upright RGB picture; of an animation, its first frame.

    Args:
        path: the file.
        least_side: a JPEG may be decoded at a half, a quarter or an eighth of its size, which is
            faster, as long as neither side falls below this many pixels. 0 for the whole size.

    Raises:
        ImageError: no such file, no image, damaged, or more than `MAX_PIXELS`.
    """
    path = Path(path)
    mode = _mode(path)
    if stat.S_ISDIR(mode):
        raise ImageError(f"{path} is a folder, expected an image file")
    if mode and not stat.S_ISREG(mode):
        raise ImageError(f"{path} is not an ordinary file, expected an image file")
    try:
        with Image.open(path, formats=FORMATS) as image:
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
    """Turn any picture upright and make it 8-bit RGB; what is transparent becomes white.

    Args:
        image: a PIL image, or an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4): uint8, uint16, or
            float in 0..1.

    Raises:
        ImageError: an array of another shape or type, or more than `MAX_PIXELS`.
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
    """Scale by the type's range: 16 bit to 8, float 0..1 (or wider, by its own range) to 0..255."""
    if array.dtype == np.uint8:
        return array
    if array.dtype == bool:
        return array.astype(np.uint8) * 255
    values = array.astype(np.float32)
    if not np.isfinite(values).all():
        raise ImageError("the picture holds values that are not finite")
    top = 1.0 if array.dtype.kind == "f" else 65535.0
    low, high = float(values.min()), float(values.max())
    if low < 0 or high > top:  # a 32-bit TIFF, say: no range is given, so its own is used
        values, top = values - low, max(high - low, 1e-12)
    return (values * (255.0 / top) + 0.5).astype(np.uint8)


def check_strip(image: Image.Image, side: int) -> None:
    """Refuse a strip so thin that, its shorter side brought to `side`, it would have too many pixels.

    Raises:
        ImageError: it would.
    """
    shorter, longer = sorted(image.size)
    if side * side * longer / shorter > MAX_PIXELS:
        raise ImageError(f"{image.width} × {image.height} pixels: too thin a strip; crop it")


def _check_pixels(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:
        raise ImageError(f"{image.width} × {image.height} pixels; {_too_large()}")


def _too_large() -> str:
    return f"more than {MAX_PIXELS // 1_000_000} million pixels; make it smaller, or crop it"
