from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
from commands import run
from label_files import rows_of

from zsl_images.cli.console import FAILED


def test_stored_features_are_labelled_with_other_settings(photos: Path, tmp_path: Path) -> None:
    stored, out = tmp_path / "features.parquet", tmp_path / "relabelled.parquet"
    run("label", photos, "--out", tmp_path / "labels.csv", "--features", stored)
    for photo in photos.iterdir():
        photo.unlink()  # no photo is needed any more
    result = run("relabel", stored, "--out", out, "--zsl-only", "--min-confidence", 1)
    assert result.exit_code == 0
    assert f"{out}: 2 photos, 2 of them without a label" in result.stdout
    table = pq.read_table(out)
    assert table["label"].null_count == 2
    assert not any(table["is_seen"].to_pylist())


def test_the_same_settings_give_the_same_labels(photos: Path, tmp_path: Path) -> None:
    stored, first, second = (tmp_path / name for name in ("f.parquet", "1.jsonl", "2.jsonl"))
    run("label", photos, "--out", first, "--features", stored)
    run("relabel", stored, "--out", second)
    assert [row["label"] for row in rows_of(second)] == [row["label"] for row in rows_of(first)]


def test_a_missing_feature_file_is_an_error(tmp_path: Path) -> None:
    result = run("relabel", tmp_path / "none.parquet", "--out", tmp_path / "labels.csv")
    assert result.exit_code == FAILED
    assert "no features in" in result.stderr
