"""What the file of a photo says of it is read beside its pixels."""

from __future__ import annotations

import io

import numpy as np
import pytest
from drawing import draw
from PIL import Image

from zsl_images.features.photo_facts import facts_of
from zsl_images.features.photos import read_stream
from zsl_images.results import PhotoFacts

FACTS = PhotoFacts("2024-05-31 18:04:59", "Maker of cameras", "Model one", 40, 48)


def photo(format: str, **options: object) -> io.BytesIO:
    """A photo from a camera that was held upright, in a file of some format."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Maker of cameras", "Model one", 6
    exif[0x0132] = "2024:05:31 18:04:59"  # which a TIFF has beside the picture's own tags
    exif.get_ifd(0x8769)[0x9003] = "2024:05:31 18:04:59"
    file = io.BytesIO()
    draw("red", 0).save(file, format, exif=exif, **options)
    file.seek(0)
    return file


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_the_facts_are_found_in_every_format(format: str) -> None:
    assert facts_of(read_stream(photo(format), "photo")) == FACTS


def test_the_size_is_that_of_the_file_however_small_it_is_decoded() -> None:
    file = io.BytesIO()
    Image.new("RGB", (1600, 1200)).save(file, "JPEG")
    file.seek(0)
    picture = read_stream(file, "photo", 100)
    assert picture.size == (200, 150)
    assert facts_of(picture) == PhotoFacts(None, None, None, 1600, 1200)


def test_a_picture_without_a_file_has_its_size() -> None:
    picture = Image.fromarray(np.zeros((3, 5, 3), np.uint8))
    assert facts_of(picture) == PhotoFacts(width=5, height=3)
