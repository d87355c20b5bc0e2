"""TIFF files with tags that are damaged, and of kinds that are not read."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from drawing import draw
from PIL import Image

from zsl_images.errors import ImageError
from zsl_images.features.photos import read_image
from zsl_images.features.tiff import open_tiff


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "jpeg"])
@pytest.mark.parametrize("number", [1, 3, 6])
def test_a_tiff_stands_upright(tmp_path: Path, compression: str | None, number: int) -> None:
    path = tmp_path / "a.tif"
    draw("red", 0).save(path, compression=compression, tiffinfo={274: number})
    with Image.open(path) as image:  # which turns it while it is loaded
        expected = np.asarray(image.convert("RGB"))
    assert np.array_equal(np.asarray(read_image(path)), expected)


def test_a_picture_without_damage_is_opened_as_it_is(tmp_path: Path) -> None:
    file = io.BytesIO()
    draw("red", 0).save(file, "TIFF", description="a red one")
    file.seek(0)
    assert open_tiff(file, "a.tif").tag_v2[270] == "a red one"


def test_a_tiff_that_ends_early_is_refused(tmp_path: Path) -> None:
    draw("red", 0).save(tmp_path / "a.tif")
    data = (tmp_path / "a.tif").read_bytes()
    for size in (6, 60, len(data) // 2):
        (tmp_path / "a.tif").write_bytes(data[:size])
        with pytest.raises(ImageError, match=r"a\.tif: a TIFF.*copy it again"):
            read_image(tmp_path / "a.tif")


def test_a_tiff_that_cannot_be_read_says_what_is_in_it(tmp_path: Path) -> None:
    values = {256: 4, 257: 4, 258: 32, 259: 1, 262: 2, 273: 200, 277: 3, 278: 4, 279: 192, 339: 3}
    rows = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in values.items())
    data = b"II*\0\x08\0\0\0" + struct.pack("<H", len(values)) + rows + bytes(400)
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(ImageError, match=r"RGB, 3 × 32-bit float.*save it as 8 bit"):
        read_image(tmp_path / "a.tif")
