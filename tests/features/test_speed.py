from __future__ import annotations

from pathlib import Path

import pytest

from zsl_images.errors import DataError
from zsl_images.features.backbones import Backbone
from zsl_images.features.speed import measure


def test_the_parts_and_the_whole_are_measured(colour_photos: Path, small_backbone: Backbone) -> None:
    paths = sorted(colour_photos.rglob("*.png"))
    speeds = measure(paths, small_backbone, batch_size=8)
    assert speeds.engine == "torch"
    assert min(speeds.decode, speeds.model, speeds.pipeline) > 0
    assert speeds.bound < min(speeds.decode, speeds.model)
    assert speeds.to_dict()["slower"] == ("decode" if speeds.decode < speeds.model else "model")


def test_too_few_photos_are_refused(colour_photos: Path, small_backbone: Backbone) -> None:
    with pytest.raises(DataError, match="1 of 2 photos can be read; expected 8 or more"):
        measure([colour_photos / "red" / "00.png", "none.png"], small_backbone, batch_size=8)
