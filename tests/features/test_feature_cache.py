"""The cache of features never stops the work, and never gives features of something else."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from drawing import draw
from opening import noting_photos

from zsl_images.errors import CacheWarning, DataError
from zsl_images.features import feature_cache
from zsl_images.features.backbones import Backbone
from zsl_images.features.extraction import default_cache, extract_features, folder_features


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed in range(5):
        draw("red", seed).save(folder / f"{seed}.png")
    return folder


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ZSL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.parametrize("is_ours", [True, False])
def test_damaged_features_are_made_anew(
    photos: Path, cache: Path, small_backbone: Backbone, tmp_path: Path, is_ours: bool
) -> None:
    file = default_cache(photos, small_backbone) if is_ours else tmp_path / "mine.parquet"
    first = folder_features(photos, small_backbone, file)
    data = bytearray(file.read_bytes())
    at = data.index(first.features[0].astype(np.float16).tobytes())
    data[at : at + 20] = bytes(20)
    file.write_bytes(data)
    backbone, opened = noting_photos(small_backbone)
    with pytest.warns(CacheWarning, match="is damaged.*made anew"):
        second = folder_features(photos, backbone, file)
    np.testing.assert_array_equal(first.features, second.features)
    assert len(opened) == 5
    third = folder_features(photos, backbone, file)
    np.testing.assert_array_equal(first.features, third.features)
    assert len(opened) == 5


def test_damage_to_rows_of_other_photos_costs_those_alone(
    photos: Path, cache: Path, small_backbone: Backbone, tmp_path: Path
) -> None:
    file = tmp_path / "mine.parquet"
    first = folder_features(photos, small_backbone, file)
    data = bytearray(file.read_bytes())
    data[data.index(first.features[0].astype(np.float16).tobytes())] ^= 255
    file.write_bytes(data)
    draw("blue", 9).save(tmp_path / "new.png")
    with pytest.warns(CacheWarning, match="is damaged"):
        assert len(extract_features([tmp_path / "new.png"], small_backbone, file)) == 1
    assert len(folder_features(photos, small_backbone, file)) == 5


def test_a_file_of_ours_that_is_no_feature_file_is_replaced(
    photos: Path, cache: Path, small_backbone: Backbone
) -> None:
    file = default_cache(photos, small_backbone)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"half a file")
    with pytest.warns(CacheWarning, match="made anew"):
        assert len(folder_features(photos, small_backbone)) == 5
    assert len(folder_features(photos, small_backbone)) == 5


def test_a_cache_folder_that_cannot_be_written_is_done_without(
    photos: Path, small_backbone: Backbone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ZSL_CACHE", str(tmp_path / "file"))
    with pytest.warns(CacheWarning, match="set ZSL_CACHE to another folder") as warned:
        assert len(folder_features(photos, small_backbone)) == 5
    assert len(warned) == 1


def test_features_of_two_engines_are_not_mixed(
    photos: Path, cache: Path, small_backbone: Backbone, tmp_path: Path
) -> None:
    other = replace(small_backbone, engine_name="onnx")
    assert default_cache(photos, small_backbone) != default_cache(photos, other)
    folder_features(photos, small_backbone, tmp_path / "mine.parquet")
    with pytest.raises(DataError, match="engine torch, and onnx is in use; give --engine torch"):
        folder_features(photos, other, tmp_path / "mine.parquet")


@pytest.mark.parametrize("is_ours", [True, False])
def test_a_full_disk_costs_neither_the_work_nor_all_features(
    photos: Path,
    cache: Path,
    small_backbone: Backbone,
    tmp_path: Path,
    is_ours: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = default_cache(photos, small_backbone) if is_ours else tmp_path / "mine.parquet"
    write = feature_cache.write_features

    def write_three(tables: Iterable[pa.Table], *others: Any) -> None:
        tables = list(tables)
        if sum(map(len, tables)) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(tables, *others)

    with monkeypatch.context() as patched:
        patched.setattr(feature_cache, "write_features", write_three)
        with pytest.warns(CacheWarning, match="No space left on device"):
            assert len(folder_features(photos, small_backbone, file)) == 5
    backbone, opened = noting_photos(small_backbone)
    assert len(folder_features(photos, backbone, file)) == 5
    assert len(opened) == 3  # two were kept
