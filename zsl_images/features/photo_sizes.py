"""Photo sizes: width and height of photos, without decoding them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from zsl_images.features.orientation import FULL_SIZE, turn_of, turns_sideways
from zsl_images.features.photo_formats import opened


def upright_size(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """Width and height in pixels of a photo as it is seen, upright; None if it cannot be opened."""
    with suppress(Exception), Path(path).open("rb") as file:  # Pillow raises nearly anything
        image, _ = opened(file, str(path))
        width, height = image.info.get(FULL_SIZE, image.size)
        return (height, width) if turns_sideways(turn_of(image)) else (width, height)
    return None


def pixels_of(file: BinaryIO, name: str) -> int | None:
    """Number of pixels of an open photo, which is left at its start; None if it cannot be opened."""
    try:
        with suppress(Exception):  # Pillow raises nearly anything
            image, _ = opened(file, name)
            return image.width * image.height
        return None
    finally:
        file.seek(0)
