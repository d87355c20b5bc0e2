from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from drawing import draw
from label_files import assert_alike, noting_classifier, rows_of
from PIL import Image

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError, ImageError, PhotoWarning
from zsl_images.features.photo_paths import find_images
from zsl_images.labelling.label import label
from zsl_images.labelling.relabel import relabel


def test_kept_features_spare_the_photos(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out, kept = tmp_path / "labels.parquet", tmp_path / "features.parquet"
    label(trained, find_images([photos]), out, features=kept, part_rows=16)
    other = trained.with_seen_penalty(50.0).with_min_confidence(0.9)
    fresh = tmp_path / "fresh.parquet"
    label(other, find_images([photos]), fresh, part_rows=16)
    other, opened = noting_classifier(other)
    label(other, find_images([photos]), out, features=kept, part_rows=16)
    assert {Path(path).name for path in opened} == {"10.png", "11.png"}
    assert_alike(rows_of(out), rows_of(fresh))
    assert {row["label"] for row in rows_of(out)} >= {None, "orange"}
    again = tmp_path / "again.csv"
    done = relabel(other, kept, again)
    assert (done.done, done.unlabelled) == (38, sum(r["label"] is None for r in rows_of(again)))
    by_path = {row["path"]: row for row in rows_of(again)}
    readable = [row for row in rows_of(fresh) if row["error"] is None]
    assert_alike([by_path[row["path"]] for row in readable], readable)


def test_features_of_two_engines_are_not_mixed(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out, kept = tmp_path / "labels.parquet", tmp_path / "features.parquet"
    label(trained, [photos / "b"], out, features=kept)
    other = replace(trained, backbone=replace(trained.backbone, engine_name="onnx"))
    before = kept.read_bytes()
    with pytest.raises(DataError, match="made with engine torch, and onnx is in use"):
        label(other, [photos], out, features=kept)
    assert kept.read_bytes() == before


def test_no_photos_leave_all_rows_as_they_are(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "labels.parquet"
    label(trained, find_images([photos]), out)
    with pytest.raises(DataError, match="no photos to label"):
        label(trained, [], out, prune=True)
    assert len(rows_of(out)) == 40


def test_a_file_of_another_kind_is_not_written_over(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine.csv"
    out.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="is no label file"):
        label(trained, find_images([photos]), out)
    assert out.read_text() == "a,b\n1,2\n"


def test_a_folder_is_labelled_as_on_the_command_line(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    result = label(trained, photos, tmp_path / "labels.csv")
    assert (result.done, result.failures) == (40, 2)
    assert sum(result.summary.labels.values()) == 38
    for settings in ({"batch_size": 0}, {"part_rows": 0}, {"top_k": "3"}):
        with pytest.raises(DataError, match="expected a whole number, 1 or more"):
            label(trained, photos, tmp_path / "labels.csv", **settings)


@pytest.mark.parametrize("prune", [False, True])
def test_a_missing_folder_in_a_list_drops_no_row(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path, prune: bool
) -> None:
    out = tmp_path / "labels.parquet"
    label(trained, [photos], out)
    before = rows_of(out)
    assert len(before) == 40
    with pytest.raises(DataError, match="no such folder; is its disk mounted"):
        label(trained, [tmp_path / "gone"], out, prune=prune)
    assert rows_of(out) == before


def test_rows_of_listed_photos_that_are_not_there_stay(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out, paths = tmp_path / "labels.csv", sorted(find_images([photos]))
    label(trained, iter(paths), out, part_rows=16)
    before = rows_of(out)
    photos.rename(tmp_path / "elsewhere")  # a disk that is not mounted
    for classifier in (trained, trained.only_unseen()):  # a row by another head stays too
        result = label(classifier, iter(paths), out, part_rows=16, prune=True)
        assert (result.kept, result.gone, result.failures) == (38, 38, 2)
        assert [row["label"] for row in rows_of(out)] == [row["label"] for row in before]
    with pytest.raises(ImageError, match="no such file"):
        label(trained, iter(paths), out, is_strict=True)
    (tmp_path / "elsewhere").rename(photos)
    assert label(trained, iter(paths), out).gone == 0


def test_a_folder_that_cannot_be_read_drops_no_row(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, scandir = tmp_path / "labels.parquet", os.scandir
    label(trained, [photos], out)

    def locked(path: Any) -> Any:
        if path == photos / "b":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    with pytest.raises(DataError, match=r"prune would drop rows .*Permission denied"):
        label(trained, [photos], out, prune=True)
    assert len(rows_of(out)) == 40
    with pytest.warns(PhotoWarning, match="Permission denied"):
        label(trained, [photos], out)
    assert len(rows_of(out)) == 40


def test_photos_of_a_burst_are_answered_together(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    photos = tmp_path / "bursts"
    photos.mkdir()
    for second, colour in enumerate(("red", "orange", "blue")):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0x9003] = f"2024:05:31 18:0{second // 2}:0{second}"
        draw(colour, second).save(photos / f"{second}.jpg", exif=exif)
    out, features = tmp_path / "bursts.parquet", tmp_path / "features.parquet"
    label(trained.with_burst(10), photos, out, features=features)
    first, second, third = rows_of(out)
    assert first["top_probabilities"] == second["top_probabilities"]
    assert first["label"] != third["label"]
    relabel(trained.with_burst(10), features, tmp_path / "again.parquet")
    assert [row["label"] for row in rows_of(tmp_path / "again.parquet")] == [
        row["label"] for row in (first, second, third)
    ]
