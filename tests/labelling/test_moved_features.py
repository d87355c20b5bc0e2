from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from label_files import noting_classifier, rows_of

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import OutputWarning
from zsl_images.labelling.export_options import Outputs
from zsl_images.labelling.label import label
from zsl_images.labelling.moved_features import followed
from zsl_images.labelling.relabel import relabel


def moved(features: Path, moves: dict[str, str]) -> dict[str, int]:
    """Path → number of the feature in a file of the paths a, b and c, after these moves."""
    stamps = {"path": ["a", "b", "c"], "size": [1, 2, 3], "mtime": [4, 5, 6]}
    feature = pa.array([bytes([at]) for at in range(3)], pa.binary(1))
    pq.write_table(pa.table({**stamps, "feature": feature}, metadata={"backbone": "b"}), features)
    tables = [pa.table({"path": [path]}) for path in moves]
    after = followed(tables, lambda one: pa.table({"path": [moves[one["path"][0].as_py()]]}), features)
    assert [table["path"][0].as_py() for table in after] == list(moves.values())
    assert pq.read_schema(features).metadata[b"backbone"] == b"b"
    return {row["path"]: row["feature"][0] for row in pq.read_table(features).to_pylist()}


def test_rows_follow_their_photos_and_others_stay(tmp_path: Path) -> None:
    features = tmp_path / "f.parquet"
    assert moved(features, {"a": "s/a", "b": "b", "x": "s/x"}) == {"s/a": 0, "b": 1, "c": 2}
    assert moved(features, {"b": "d", "a": "b"}) == {"b": 0, "c": 2, "d": 1}
    assert moved(features, {"a": "c"}) == {"b": 1, "c": 0}  # the photo that c was about is gone
    assert moved(features, {}) == {"a": 0, "b": 1, "c": 2}


def test_after_a_move_no_photo_is_opened_again_and_relabelling_finds_all(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out, features, target = tmp_path / "l.csv", tmp_path / "f.parquet", tmp_path / "sorted"
    label(trained, photos, out, features=features)
    Outputs(move=target).write(out, features=features)
    before = {row["path"]: row["label"] for row in rows_of(out) if row["error"] is None}
    assert len(before) == 38
    assert all(Path(path).is_relative_to(target) for path in before)
    relabel(trained, features, tmp_path / "again.csv")
    assert {row["path"]: row["label"] for row in rows_of(tmp_path / "again.csv")} == before
    trained, opened = noting_classifier(trained)
    label(trained.only_unseen(), target, out, features=features)
    assert opened == []


def test_a_damaged_feature_file_keeps_no_label_from_following_its_photo(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out, features = tmp_path / "l.jsonl", tmp_path / "f.parquet"
    label(trained, photos, out)
    features.write_text("damaged")
    with pytest.warns(OutputWarning, match=r"f\.parquet.*keeps the old paths"):
        Outputs(move=tmp_path / "sorted").write(out, features=features)
    assert all(Path(row["path"]).exists() for row in rows_of(out))
    assert features.read_text() == "damaged"
