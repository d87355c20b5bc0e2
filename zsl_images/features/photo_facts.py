"""Photo facts: when a photo was taken, by which camera, and its size."""

from __future__ import annotations

from typing import BinaryIO

from PIL import Image

from zsl_images.features.exif import Exif
from zsl_images.features.orientation import FULL_SIZE, turn_of, turns_sideways
from zsl_images.results import PhotoFacts

_KEY = "zsl_images facts"

_MAKE, _MODEL = 0x010F, 0x0110


def note_facts(rgb: Image.Image, image: Image.Image, file: BinaryIO) -> None:
    """Let a decoded photo carry its facts.

    Args:
        rgb: The decoded photo.
        image: The loaded picture that it was made from, whose metadata are read. If it is smaller than
            the photo in the file, its `info` has that one's width and height as `FULL_SIZE`.
        file: The file of that picture.
    """
    size = image.info.get(FULL_SIZE, image.size)
    exif = Exif.of(image, file)
    width, height = reversed(size) if turns_sideways(turn_of(image, exif)) else size
    sources = (exif, *Exif.of_raw(file))
    taken = next(filter(None, (source.taken() for source in sources)), None)
    make, model = (
        next(filter(None, (source.text(tag) for source in sources)), None) for tag in (_MAKE, _MODEL)
    )
    rgb.info[_KEY] = PhotoFacts(taken, make, model, width, height)


def facts_of(picture: Image.Image) -> PhotoFacts:
    """The facts that a decoded photo carries; of a picture that has none, its size."""
    facts = picture.info.get(_KEY)
    return facts if isinstance(facts, PhotoFacts) else PhotoFacts(None, None, None, *picture.size)
