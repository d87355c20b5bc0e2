from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError
from zsl_images.labelling.label import label
from zsl_images.labelling.relabel import relabel


def test_relabelling_needs_features_of_the_heads_backbone(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="no features in"):
        relabel(trained, tmp_path / "none.parquet", tmp_path / "labels.csv")
    label(trained, [photos / "a" / "00.png"], tmp_path / "l.csv", features=tmp_path / "f.parquet")
    table = pq.read_table(tmp_path / "f.parquet").replace_schema_metadata({"backbone": "other"})
    pq.write_table(table, tmp_path / "f.parquet")
    with pytest.raises(DataError, match="another backbone"):
        relabel(trained, tmp_path / "f.parquet", tmp_path / "labels.csv")
