"""Images of any kind, and messages that say which one is meant."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from drawing import draw
from PIL import Image

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ImageError
from zsl_images.features.backbones import Backbone
from zsl_images.features.decoding import decoded
from zsl_images.features.extraction import stream_features


@pytest.fixture
def path(tmp_path: Path) -> Path:
    draw("red", 0).save(tmp_path / "red.png")
    return tmp_path / "red.png"


def test_bytes_and_open_files_are_images(path: Path, small_backbone: Backbone) -> None:
    data = path.read_bytes()
    with path.open("rb") as file:
        images = [path, data, bytearray(data), io.BytesIO(data), file, Image.open(path)]
        ((_, rows),) = stream_features(images, small_backbone)
    for row in rows[1:]:
        np.testing.assert_array_equal(row, rows[0])


def test_each_of_them_is_one_image(path: Path, trained: ZeroShotClassifier) -> None:
    (expected,) = trained.predict(path)
    data = path.read_bytes()
    with path.open("rb") as file:
        for image in (data, io.BytesIO(data), file, np.asarray(Image.open(path))):
            (prediction,) = trained.predict(image)
            assert prediction.label == expected.label
            assert prediction.path is None


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((3, 40, 48), np.uint8), r"\(3, 40, 48\).*array\.transpose\(1, 2, 0\)"),
        (torch.zeros(3, 40, 48), r"array\.transpose\(1, 2, 0\)"),
        (np.zeros((8, 40, 48, 3)), r"a batch.*list\(array\)"),
        (np.zeros((40, 48, 7)), r"expected \(H, W\)"),
        (None, "NoneType, expected a path"),
        (5, "int, expected a path"),
        (b"", "not an image, but an empty file"),
        (io.StringIO("text"), "mode 'rb'"),
        (io.BytesIO(b"<html>"), "a web page"),
    ],
)
def test_what_is_no_image_is_told_what_to_do(
    small_backbone: Backbone, image: object, message: str
) -> None:
    error = decoded(image, small_backbone)  # type: ignore[arg-type]
    assert isinstance(error, ImageError)
    with pytest.raises(ImageError, match=f"^the image: .*{message}"):
        raise error


def test_every_message_names_the_file(tmp_path: Path, small_backbone: Backbone) -> None:
    strip = tmp_path / "strip.png"
    Image.new("L", (300_000, 1)).save(strip)
    error = decoded(strip, small_backbone)
    assert str(error).startswith(f"{strip}: 300000 × 1 pixels")

    def full(path: object, least_side: int) -> Image.Image:
        raise MemoryError

    error = decoded(strip, replace(small_backbone, open_photo=full))
    assert str(error) == f"{strip}: too little memory for it; make it smaller"
