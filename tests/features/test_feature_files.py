from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zsl_images.errors import DataError
from zsl_images.features.backbones import Backbone
from zsl_images.features.feature_files import (
    feature_table,
    features_in,
    open_feature_files,
    write_features,
)
from zsl_images.features.stamps import Stamp

STAMPS = [Stamp(f"{number}.jpg", number, number) for number in range(5)]


@pytest.fixture
def features() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(5, 24)).astype(np.float16)


def written(path: Path, features: np.ndarray, backbone: Backbone) -> Path:
    table = feature_table(STAMPS, list(features), backbone)
    write_features([table.slice(0, 2), table.slice(2)], table.schema, path)
    return path


def test_features_come_back_to_the_last_bit(
    tmp_path: Path, features: np.ndarray, small_backbone: Backbone
) -> None:
    path = written(tmp_path / "features.parquet", features, small_backbone)
    np.testing.assert_array_equal(features_in(pq.read_table(path)), features)
    rows = open_feature_files([path, tmp_path / "none.parquet"], small_backbone.fingerprint)
    places = [rows.find(STAMPS[number]) for number in (3, 0)]
    np.testing.assert_array_equal(features_in(rows.take(places)), features[[3, 0]])


def test_a_slice_has_its_own_features(features: np.ndarray, small_backbone: Backbone) -> None:
    table = feature_table(STAMPS, list(features), small_backbone)
    np.testing.assert_array_equal(features_in(table.slice(1, 3)), features[1:4])


def test_no_photos_are_a_table_without_rows(small_backbone: Backbone) -> None:
    table = feature_table([], [], small_backbone)
    assert features_in(table).shape == (0, 24)
    assert table.schema.field("path").type == pa.string()


def test_features_of_another_backbone_are_refused(
    tmp_path: Path, features: np.ndarray, small_backbone: Backbone
) -> None:
    path = written(tmp_path / "features.parquet", features, small_backbone)
    other = replace(small_backbone, preprocessing={"input_size": [3, 32, 32]})
    with pytest.raises(DataError, match="another backbone or preprocessing"):
        open_feature_files([path], other.fingerprint)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_refused(
    tmp_path: Path, features: np.ndarray, small_backbone: Backbone, value: float
) -> None:
    features[2, 3] = value
    path = written(tmp_path / "features.parquet", features, small_backbone)
    with pytest.raises(DataError, match=r"features.parquet is damaged \(a feature is not finite"):
        list(open_feature_files([path], small_backbone.fingerprint).latest())


def test_a_file_without_features_is_refused(
    tmp_path: Path, features: np.ndarray, small_backbone: Backbone
) -> None:
    path = written(tmp_path / "features.parquet", features, small_backbone)
    table = pq.read_table(path)
    pq.write_table(table.drop_columns(["feature"]), path)
    with pytest.raises(DataError, match="has no columns feature"):
        open_feature_files([path], small_backbone.fingerprint)
    lists = pa.array([[1.0, 2.0]] * 5)
    pq.write_table(table.set_column(3, "feature", lists), path)
    with pytest.raises(DataError, match="the column feature holds list"):
        list(open_feature_files([path], small_backbone.fingerprint).latest())
