from __future__ import annotations

import os
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from drawing import COLOURS
from label_files import rows_of

from zsl_images.classes.taxonomy import Taxonomy
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.features.photo_paths import find_images
from zsl_images.labelling.label import label
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.results import Failure


def test_every_photo_has_a_row_and_it_is_what_the_classifier_says(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "labels.parquet"
    seen = []
    paths = list(find_images([photos]))
    done = label(trained, paths, out, part_rows=16, batch_size=4, top_k=3, on_progress=seen.append)
    assert (done.done, done.kept, done.failures, done.is_complete) == (40, 0, 2, True)
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert seen[-1].done == 40
    assert pq.read_schema(out).equals(SCHEMA)
    rows = rows_of(out)
    assert [row["path"] for row in rows] == [str(path) for path in paths]
    for row, expected in zip(rows, trained.stream(paths, 3, batch_size=4), strict=True):
        if isinstance(expected, Failure):
            assert row["error"] == expected.reason
            assert row["label"] is row["top_labels"] is None
        else:
            assert row["error"] is None
            assert (row["label"], row["is_seen"]) == (expected.label, expected.is_seen)
            assert row["top_labels"] == [candidate.label for candidate in expected.top]
            assert row["probability"] == pytest.approx(expected.probability, abs=1e-5)
            assert row["unknown_score"] == pytest.approx(expected.unknown_score, abs=1e-5)
            assert (row["size"], row["mtime"]) == (
                Path(row["path"]).stat().st_size,
                Path(row["path"]).stat().st_mtime_ns,
            )
    assert {(row["head"], row["backbone"]) for row in rows} == {
        (trained.fingerprint(3), f"small@{trained.backbone.fingerprint[:16]}")
    }
    assert list(tmp_path.glob("labels.parquet.parts")) == []


def test_names_that_are_no_text_have_a_row(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    odd = os.fsencode(photos) + b"/\xff\r\n.png"
    shutil.copy(photos / "a" / "00.png", odd)
    out = tmp_path / "labels.csv"
    paths = [os.fsdecode(odd), os.fsdecode(odd + b"none"), "x" * 300, "a\0b"]
    label(trained, iter(paths), out, features=tmp_path / "f.parquet")
    assert rows_of(out)[0]["path"].endswith("\\xff\r\n.png")
    assert [row["error"] is None for row in rows_of(out)] == [True, False, False, False]
    assert label(trained, iter(paths), out).kept == 1


def test_a_taxonomy_gives_the_finest_group_that_is_sure_enough(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    lineages = {name: (name, "warm" if name in ("red", "orange") else "other") for name in COLOURS}
    classifier = trained.with_taxonomy(Taxonomy(("colour", "kind"), lineages)).with_min_confidence(0.9)
    paths, out = list(find_images([photos])), tmp_path / "labels.csv"
    assert classifier.fingerprint() != trained.with_min_confidence(0.9).fingerprint()
    label(classifier, paths, out)
    found = [(row["answer"], row["answer_level"]) for row in rows_of(out)]
    answers = [None if isinstance(r, Failure) else r.answer for r in classifier.stream(paths)]
    assert found == [(a and a.label, a and a.level) for a in answers]
    assert {level for _, level in found} == {"colour", "kind", None}
