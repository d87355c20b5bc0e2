"""The one rule for incomplete JPEG files."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from zsl_images.errors import ImageError
from zsl_images.features.photos import read_stream

END = b"\xff\xd9"


def photo(height: int = 640, **options: object) -> bytes:
    rng = np.random.default_rng(0)
    small = rng.integers(0, 255, (height // 16, 40, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(small).resize((640, height), Image.Resampling.BICUBIC).save(file, "JPEG", **options)
    return file.getvalue()


def read(data: bytes, least_side: int = 0) -> Image.Image:
    return read_stream(io.BytesIO(data), "photo.jpg", least_side)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("least_side", [0, 80])
def test_missing_end_bytes_cost_nothing(progressive: bool, least_side: int) -> None:
    data = photo(progressive=progressive)
    expected = read(data, least_side).tobytes()
    for given in (data[:-2], data[:-1], data[:-2] + bytes(4096), data + b"a trailer", data + bytes(99)):
        assert read(given, least_side).tobytes() == expected


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(
    "ending", [b"", END, bytes(20_000), b"\xff" * 512], ids=["cut", "closed", "0", "1"]
)
@pytest.mark.parametrize("share", [0.3, 0.5])
def test_a_missing_part_is_refused_however_the_file_ends(
    progressive: bool, ending: bytes, share: float
) -> None:
    data = photo(progressive=progressive)
    with pytest.raises(ImageError, match=r"photo\.jpg: cannot be decoded whole: .*copy it again"):
        read(data[: int(len(data) * share)] + ending)


@pytest.mark.parametrize("ending", [b"", END, bytes(9_000)], ids=["cut", "closed", "zeros"])
def test_a_few_rows_may_be_missing(ending: bytes) -> None:
    data = photo()
    assert read(data[: int(len(data) * 0.98)] + ending).size == (640, 640)


def test_grey_that_is_in_the_data_is_not_missing() -> None:
    picture = Image.new("RGB", (640, 640), (128, 128, 128))
    picture.paste((200, 30, 30), (0, 0, 640, 200))
    for options in ({}, {"optimize": True}, {"progressive": True}):
        file = io.BytesIO()
        picture.save(file, "JPEG", **options)
        assert read(file.getvalue()).size == (640, 640)
        assert read(file.getvalue()[:-2]).size == (640, 640)


def test_a_file_that_ends_before_its_picture_says_so() -> None:
    with pytest.raises(ImageError, match=r"JPEG that ends before its picture .*\); copy it again$"):
        read(photo()[:100])
    with pytest.raises(ImageError, match="ends before its last scan"):
        read(photo(progressive=True)[:3000])


def test_a_photo_cut_within_its_first_half_is_refused_at_any_byte() -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), np.uint8)
    whole = io.BytesIO()
    Image.fromarray(noise).save(whole, "jpeg", quality=60)
    for length in range(700, len(whole.getvalue()) // 2, 7):
        with pytest.raises(ImageError):
            read(whole.getvalue()[:length])
