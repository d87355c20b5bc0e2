"""Thumbnails on pages: photos become part of the HTML."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import PurePath

from zsl_images.errors import ImageError
from zsl_images.features.thumbnails import thumbnail
from zsl_images.files import path_of_text
from zsl_images.progress import OnStep, StepRecord


class PagePhoto:
    """A photo on a page.

    Args:
        path: The photo, as label files write it.

    Attributes:
        name: Name of its file.
        source: Address of its thumbnail, which holds the picture itself; None until `load_all`, and if
            the photo has gone.
    """

    def __init__(self, path: str) -> None:
        self.path, self.name = path, PurePath(path).name
        self.source: str | None = None

    def load(self, side: int = 160) -> None:
        """Make its thumbnail, if it is still there."""
        try:
            data = thumbnail(path_of_text(self.path), side)
        except ImageError:
            return
        self.source = f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"


def load_all(photos: Sequence[PagePhoto], on_step: OnStep | None, side: int = 160) -> None:
    """Make the thumbnails of some photos."""
    for number, photo in enumerate(photos, 1):
        photo.load(side)
        if on_step:
            on_step(StepRecord("thumbnails", number, len(photos)))
