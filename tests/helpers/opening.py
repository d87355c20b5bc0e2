"""A backbone that notes which photos it opens."""

from __future__ import annotations

import os
from dataclasses import replace

from PIL import Image

from zsl_images.features.backbones import Backbone


def noting_photos(backbone: Backbone) -> tuple[Backbone, list[str]]:
    """The same backbone, and the list to which it adds the path of each photo that it opens."""
    opened: list[str] = []

    def open_photo(path: str | os.PathLike[str], least_side: int) -> Image.Image:
        opened.append(str(path))
        return backbone.open_photo(path, least_side)

    return replace(backbone, open_photo=open_photo), opened
