"""Thumbnails are small, upright and say nothing else."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from drawing import draw
from PIL import Image

from zsl_images.errors import ImageError
from zsl_images.features.thumbnails import thumbnail


def test_a_thumbnail_is_a_small_upright_jpeg_without_metadata(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lying on its side
    exif[0x010F] = "secret camera"
    draw("red", 0, (400, 200)).save(tmp_path / "a.jpg", exif=exif)
    data = thumbnail(tmp_path / "a.jpg", 100)
    picture = Image.open(io.BytesIO(data))
    assert (picture.format, picture.size) == ("JPEG", (50, 100))
    assert b"secret" not in data
    red, green, blue = picture.resize((1, 1)).getpixel((0, 0))
    assert red > 150 > 80 > max(green, blue)


def test_a_small_photo_stays_small(tmp_path: Path) -> None:
    draw("red", 0, (30, 20)).save(tmp_path / "a.png")
    assert Image.open(io.BytesIO(thumbnail(tmp_path / "a.png"))).size == (30, 20)


def test_an_unreadable_photo_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="no such file"):
        thumbnail(tmp_path / "gone.png")
