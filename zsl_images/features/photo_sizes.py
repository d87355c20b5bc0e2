"""Photo sizes: width and height of photos, without decoding them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from PIL import Image

from zsl_images.features.orientation import turn_of
from zsl_images.features.photo_formats import opened

_LYING = frozenset(
    {
        Image.Transpose.ROTATE_90,
        Image.Transpose.ROTATE_270,
        Image.Transpose.TRANSPOSE,
        Image.Transpose.TRANSVERSE,
    }
)
"""Turns after which width is height."""


def upright_size(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """Width and height in pixels of a photo as it is seen, upright; None if it cannot be opened."""
    with suppress(Exception), Path(path).open("rb") as file:  # Pillow raises nearly anything
        image, _ = opened(file, str(path))
        width, height = image.size
        return (height, width) if turn_of(image) in _LYING else (width, height)
    return None
