"""Pixels: an RGB picture resized and cropped as a network's publisher does it.

Pillow resizes and crops in one step, so the answering path needs neither torch nor torchvision.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from zsl_images.errors import BackboneError

_INTERPOLATIONS = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
    "random": Image.Resampling.BILINEAR,
}


def pixels_of(picture: Image.Image, settings: Mapping[str, Any]) -> npt.NDArray[np.uint8]:
    """The centre of a picture at the size that a network takes.

    Args:
        picture: An RGB picture.
        settings: `input_size` (3, H, W); `interpolation`; and either torchvision's `resize_size`, or
            timm's `crop_pct` and `crop_mode` (`center` keeps the aspect ratio, `squash` does not).

    Returns:
        (3, H, W), 0..255.
    """
    height, width = settings["input_size"][-2:]
    resized_width, resized_height = _resized(picture.size, settings)
    left = round((resized_width - width) / 2)
    top = round((resized_height - height) / 2)
    across, down = picture.width / resized_width, picture.height / resized_height
    box = (left * across, top * down, (left + width) * across, (top + height) * down)
    how = _INTERPOLATIONS[settings.get("interpolation", "bilinear")]
    cropped = picture.resize((width, height), how, box=box)
    return np.ascontiguousarray(np.asarray(cropped).transpose(2, 0, 1))


def least_side(settings: Mapping[str, Any]) -> int:
    """Pixels that the sides of a decoded photo must keep: twice those of the resized one."""
    sides = settings.get("resize_size") or settings["input_size"][-2:]
    shorter: float = min(sides) / settings.get("crop_pct", 1)
    return 2 * math.ceil(shorter)


def check_settings(name: str, settings: Mapping[str, Any]) -> None:
    """Refuse preprocessing that `pixels_of` does not know.

    Raises:
        BackboneError: It pads pictures, or resizes them in an unknown way.
    """
    mode, interpolation = settings.get("crop_mode", "center"), settings.get("interpolation", "bilinear")
    if mode not in ("center", "squash") or interpolation not in _INTERPOLATIONS:
        raise BackboneError(
            f"backbone {name} is published with crop mode {mode!r} and interpolation "
            f"{interpolation!r}; expected center or squash, and one of {', '.join(_INTERPOLATIONS)}"
        )


def _resized(size: tuple[int, int], settings: Mapping[str, Any]) -> tuple[int, int]:
    """Width and height of the whole picture before it is cropped."""
    if "resize_size" in settings:
        high = wide = min(settings["resize_size"])
    else:
        high, wide = (math.floor(n / settings.get("crop_pct", 1)) for n in settings["input_size"][-2:])
    if settings.get("crop_mode") == "squash":
        return wide, high
    ratio = min(size[0] / wide, size[1] / high)
    return max(wide, int(size[0] / ratio)), max(high, int(size[1] / ratio))
