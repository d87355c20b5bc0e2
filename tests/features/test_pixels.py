from __future__ import annotations

import numpy as np
import pytest
import timm.data
from PIL import Image
from torchvision import models

from zsl_images.errors import BackboneError
from zsl_images.features.pixels import check_settings, least_side, pixels_of

TORCHVISION = {"input_size": [3, 224, 224], "resize_size": [256], "interpolation": "bilinear"}


@pytest.fixture
def picture() -> Image.Image:
    noise = np.random.default_rng(0).integers(0, 256, (30, 47, 3), np.uint8)
    return Image.fromarray(noise).resize((470, 300), Image.Resampling.BICUBIC)


@pytest.mark.parametrize(
    "settings",
    [
        {"input_size": [3, 224, 224], "interpolation": "bicubic", "crop_pct": 0.875},
        {"input_size": [3, 260, 260], "interpolation": "bicubic", "crop_pct": 0.89},
        {"input_size": [3, 96, 96], "interpolation": "bilinear", "crop_pct": 1.0},
        {
            "input_size": [3, 224, 224],
            "interpolation": "bicubic",
            "crop_pct": 0.9,
            "crop_mode": "squash",
        },
        {"input_size": [3, 192, 256], "interpolation": "bicubic", "crop_pct": 0.95},
    ],
)
@pytest.mark.parametrize("is_turned", [False, True])
def test_pixels_are_those_of_timms_own_transform(
    picture: Image.Image, settings: dict, is_turned: bool
) -> None:
    if is_turned:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
    published = timm.data.create_transform(
        **{**settings, "input_size": tuple(settings["input_size"])}, mean=(0, 0, 0), std=(1, 1, 1)
    )
    expected = 255 * published(picture).numpy()
    found = pixels_of(picture, settings)
    assert (found.shape, found.dtype) == (tuple(settings["input_size"]), np.uint8)
    assert np.abs(found - expected).mean() < 0.5
    assert np.abs(found - expected).max() <= 8


def test_pixels_are_those_of_torchvisions_own_transform(picture: Image.Image) -> None:
    transform = models.get_model_weights("resnet101")["IMAGENET1K_V1"].transforms()
    transform.mean, transform.std = (0, 0, 0), (1, 1, 1)
    expected = 255 * transform(picture).numpy()
    settings = {**TORCHVISION, "resize_size": transform.resize_size}
    assert np.abs(pixels_of(picture, settings) - expected).mean() < 0.5
    assert np.abs(pixels_of(picture, {**settings, "resize_size": [232]}) - expected).mean() > 1


def test_photos_keep_twice_the_resized_side() -> None:
    assert least_side(TORCHVISION) == 512
    assert least_side({"input_size": [3, 224, 224], "crop_pct": 0.875}) == 512


def test_padding_is_refused() -> None:
    check_settings("x", TORCHVISION)
    with pytest.raises(BackboneError, match="crop mode 'border'"):
        check_settings("x", {**TORCHVISION, "crop_mode": "border"})
