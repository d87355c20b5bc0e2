from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from drawing import draw
from label_files import rows_of
from PIL import Image

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.defaults import LABEL_SUFFIXES
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


FACTS = ("taken", "camera_make", "camera_model", "width", "height")


@pytest.mark.parametrize("suffix", LABEL_SUFFIXES)
def test_label_files_say_what_the_photos_say_of_themselves(
    trained: ZeroShotClassifier, tmp_path: Path, suffix: str
) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Maker of cameras", "Model one", 6
    exif[0x0132] = "2024:05:31 18:04:59"
    draw("red", 0).save(tmp_path / "a.jpg", exif=exif)
    draw("blue", 0).save(tmp_path / "b.png")
    (tmp_path / "c.png").write_text("broken")
    photos = [tmp_path / name for name in ("a.jpg", "b.png", "c.png")]
    out, features = tmp_path / f"labels{suffix}", tmp_path / "f.parquet"
    expected = [
        ("2024-05-31 18:04:59", "Maker of cameras", "Model one", 40, 48),
        (None, None, None, 48, 40),
        (None, None, None, None, None),
    ]
    label(trained, photos, out, features=features)
    assert [tuple(row[name] for name in FACTS) for row in rows_of(out)] == expected
    again = tmp_path / f"again{suffix}"
    label(trained.with_min_confidence(0.1), photos, again, features=features)
    assert [tuple(row[name] for name in FACTS) for row in rows_of(again)] == expected
    relabel(trained, features, again)
    assert [tuple(row[name] for name in FACTS) for row in rows_of(again)] == expected[:2]


def test_feature_files_of_earlier_versions_are_continued(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out, features = tmp_path / "l.parquet", tmp_path / "f.parquet"
    label(trained, [photos / "a" / "00.png"], out, features=features)
    for path in (out, features):
        pq.write_table(pq.read_table(path).drop_columns(list(FACTS)), path)
    given = [photos / "a" / "00.png", photos / "a" / "02.png"]
    assert label(trained, given, out, features=features).kept == 1
    assert [row["width"] for row in rows_of(out)] == [None, 48]
    relabel(trained, features, tmp_path / "again.csv")
    assert [row["width"] for row in rows_of(tmp_path / "again.csv")] == [None, 48]
