"""Decoding: an image of any kind becomes what a backbone's network takes."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO, cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from zsl_images.errors import ImageError
from zsl_images.features.backbones import Backbone
from zsl_images.features.photo_facts import facts_of
from zsl_images.features.photos import check_strip, read_stream, to_rgb
from zsl_images.results import PhotoFacts

ImageLike = str | os.PathLike[str] | bytes | BinaryIO | Image.Image | npt.NDArray[Any]
"""An image as a path, as the bytes of a file or the open file, as a PIL image, or as an array (see
`photos.to_rgb`)."""


def decoded(
    image: ImageLike, backbone: Backbone, note: Callable[[PhotoFacts], None] | None = None
) -> npt.NDArray[np.uint8] | ImageError:
    """An image as the backbone's network takes it, uint8 (3, H, W), or why it cannot be read.

    The message names the file, or says that it is about an image that was given as an object.

    Args:
        image: Image of any kind.
        backbone: Backbone that opens photos and says how its pictures look.
        note: Takes what the file of the image says of it, if it can be read.
    """
    name = str(image) if isinstance(image, str | os.PathLike) else "the image"
    try:
        if isinstance(image, str | os.PathLike):
            picture = backbone.open_photo(image, backbone.least_side)
        elif isinstance(image, bytes | bytearray | memoryview):
            picture = read_stream(io.BytesIO(image), name, backbone.least_side)
        elif hasattr(image, "read"):
            picture = read_stream(_binary(cast(BinaryIO, image)), name, backbone.least_side)
        else:
            picture = to_rgb(cast(Image.Image, image), backbone.least_side)
        check_strip(picture, backbone.least_side)
        if note:
            note(facts_of(picture))
        return backbone.pixels(picture)
    except ImageError as error:
        reason = str(error)
        return error if reason.startswith(name) else ImageError(f"{name}: {reason}")
    except MemoryError:
        return ImageError(f"{name}: too little memory for it; make it smaller")
    except (OSError, RuntimeError, TypeError, ValueError) as error:  # such as a tensor on a GPU
        return ImageError(f"{name}: cannot be used ({error})")


def several(images: ImageLike | Iterable[ImageLike]) -> Iterable[ImageLike]:
    """Images as they are; a single one as a list of one.

    Raises:
        ImageError: They are neither.
    """
    is_known = isinstance(images, str | os.PathLike | bytes | bytearray | memoryview | Image.Image)
    if is_known or hasattr(images, "shape") or hasattr(images, "read"):
        return [cast(ImageLike, images)]
    if not isinstance(images, Iterable):
        raise ImageError(
            f"{type(images).__name__}, expected a path, a PIL image, an array, bytes, or a list of them"
        )
    return cast(Iterable[ImageLike], images)


def _binary(file: BinaryIO) -> BinaryIO:
    """A file that is read as bytes; those that cannot go back are read to their end.

    Raises:
        ImageError: It was opened as text.
    """
    if isinstance(file, io.TextIOBase):
        raise ImageError("a file opened as text; open it with mode 'rb'")
    return file if file.seekable() else io.BytesIO(file.read())
