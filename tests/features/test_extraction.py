from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawing import draw
from opening import noting_photos
from PIL import Image

from zsl_images.errors import DataError, ImageError, OutputError
from zsl_images.features.backbones import Backbone
from zsl_images.features.extraction import extract_features, stream_features
from zsl_images.progress import StepRecord


@pytest.fixture
def photos(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"{seed}.png" for seed in range(7)]
    for seed, path in enumerate(paths):
        draw("red", seed).save(path)
    return paths


def test_rows_follow_the_paths_whatever_the_batch(photos: list[Path], small_backbone: Backbone) -> None:
    whole = extract_features(photos, small_backbone)
    assert whole.features.shape == (7, 24)
    assert whole.features.dtype == np.float32
    assert whole.paths == tuple(map(str, photos))
    one_by_one = extract_features(photos[::-1], small_backbone, batch_size=1)
    np.testing.assert_allclose(one_by_one.features[::-1], whole.features, atol=1e-3)


def test_an_unreadable_image_is_a_failure_and_the_rest_go_on(
    photos: list[Path], small_backbone: Backbone
) -> None:
    photos[2].write_text("broken")
    result = extract_features([*photos, "none.png"], small_backbone)
    assert len(result) == 6
    assert [failure.path for failure in result.failures] == [str(photos[2]), "none.png"]


def test_cached_features_are_not_made_again(
    photos: list[Path], small_backbone: Backbone, tmp_path: Path
) -> None:
    cache = tmp_path / "new" / "features.parquet"
    first = extract_features(photos, small_backbone, cache)
    backbone, opened = noting_photos(small_backbone)
    second = extract_features(photos, backbone, cache)
    assert opened == []
    np.testing.assert_array_equal(first.features, second.features)
    draw("blue", 1).save(photos[3])
    changed = extract_features(photos, backbone, cache)
    assert opened == [str(photos[3])]
    assert not np.array_equal(changed.features[3], first.features[3])


def test_an_interrupted_run_keeps_what_it_made(
    photos: list[Path], small_backbone: Backbone, tmp_path: Path
) -> None:
    cache = tmp_path / "features.parquet"

    def interrupt(record: StepRecord) -> None:
        if record.step >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        extract_features(photos, small_backbone, cache, batch_size=2, on_step=interrupt)
    backbone, opened = noting_photos(small_backbone)
    extract_features(photos, backbone, cache)
    assert opened == list(map(str, photos[4:]))


def test_a_cache_of_another_backbone_or_no_cache_is_refused(
    photos: list[Path], small_backbone: Backbone, tmp_path: Path
) -> None:
    cache = tmp_path / "features.parquet"
    extract_features(photos, small_backbone, cache)
    with pytest.raises(DataError, match="another backbone"):
        extract_features(photos, replace(small_backbone, weights_sha256="1" * 64), cache)
    cache.write_text("no parquet")
    with pytest.raises(DataError, match="cannot be read"):
        extract_features(photos, small_backbone, cache)
    with pytest.raises(OutputError, match="is a folder"):
        extract_features(photos, small_backbone, tmp_path)


def test_a_stream_takes_images_of_all_kinds(small_backbone: Backbone, photos: list[Path]) -> None:
    image = draw("red", 0)
    ((_, rows),) = stream_features([photos[0], image, np.asarray(image)], small_backbone)
    np.testing.assert_array_equal(rows[0], rows[1])
    np.testing.assert_array_equal(rows[0], rows[2])


def test_photos_may_come_from_anywhere(small_backbone: Backbone) -> None:
    def drawn(name: str, least_side: int) -> Image.Image:
        if name == "lost":
            raise ImageError("lost: not in the archive")
        return draw(name, 0)

    backbone = replace(small_backbone, open_photo=drawn)
    result = extract_features(["red", "lost", "blue"], backbone)
    assert result.paths == ("red", "blue")
    assert [failure.reason for failure in result.failures] == ["lost: not in the archive"]
    ((_, expected),) = stream_features([draw("red", 0), draw("blue", 0)], small_backbone)
    np.testing.assert_array_equal(result.features, np.stack(expected))


def test_thin_strips_are_refused_before_they_fill_the_memory(
    small_backbone: Backbone, tmp_path: Path
) -> None:
    Image.new("L", (1, 60_000)).save(tmp_path / "strip.png")
    backbone = replace(small_backbone, preprocessing={"input_size": [3, 224, 224]})
    (_, (result,)) = next(stream_features([tmp_path / "strip.png"], backbone))
    assert "too thin a strip" in str(result)
