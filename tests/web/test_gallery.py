"""The gallery orders photos by doubt, and keeps corrections in a file of their own."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from zsl_images.errors import DataError
from zsl_images.labelling.label_files import write_labels
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.web.gallery import CORRECTIONS, LABELS, Gallery


def row(path: str, label: str | None, probability: float, **more: Any) -> dict[str, Any]:
    return dict.fromkeys(SCHEMA.names) | {
        "path": path,
        "label": label,
        "probability": probability,
        "unknown_score": 0.1,
        **more,
    }


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    rows = [
        row("/sure.png", "cat", 0.99),
        row("/=unsure.png", "dog", 0.4),
        row("/strange.png", "cat", 0.6, unknown_score=0.99),
        row("/broken.png", None, None, error="broken", unknown_score=None),
        row("/none.png", None, 0.2, unknown_score=None),
    ]
    write_labels([pa.Table.from_pylist(rows, SCHEMA)], tmp_path / LABELS)
    return tmp_path / LABELS


def test_the_most_doubtful_photos_come_first(labels: Path) -> None:
    total, rows = Gallery(labels).page(None, 0, 10)
    assert total == 5
    assert [one["path"][1:-4] for one in rows] == ["strange", "none", "=unsure", "sure", "broken"]
    assert Gallery(labels).page(None, 1, 2)[1] == rows[1:3]
    assert Gallery(labels).page(None, 9, 2) == (5, [])


def test_photos_are_filtered_by_label(labels: Path) -> None:
    gallery = Gallery(labels)
    assert gallery.labels() == {"cat": 2, "": 2, "dog": 1}
    total, rows = gallery.page("cat", 0, 10)
    assert (total, [one["path"] for one in rows]) == (2, ["/strange.png", "/sure.png"])
    assert gallery.page("", 0, 10)[0] == 2
    assert gallery.page("horse", 0, 10) == (0, [])


def test_corrections_are_kept_beside_and_can_be_taken_back(labels: Path) -> None:
    before = labels.read_bytes()
    gallery = Gallery(labels)
    assert gallery.correct([0, 1], ["lynx", "wolf"]) == [None, None]
    assert gallery.correct([1], ["fox"]) == ["wolf"]
    with labels.with_name(CORRECTIONS).open(newline="") as file:
        assert list(csv.reader(file)) == [
            ["path", "label"],
            ["/sure.png", "lynx"],
            ["/=unsure.png", "fox"],
        ]
    again = Gallery(labels)
    assert again.page("dog", 0, 1)[1][0]["correction"] == "fox"
    assert again.correct([0, 1], [None, "wolf"]) == ["lynx", "fox"]
    assert Gallery(labels).corrections == {"/=unsure.png": "wolf"}
    assert labels.read_bytes() == before


def test_the_export_says_who_gave_each_label(labels: Path) -> None:
    gallery = Gallery(labels)
    gallery.correct([4], ["=mouse"])
    assert list(Gallery(labels).export()) == [
        ("/sure.png", "cat", "machine"),
        ("/=unsure.png", "dog", "machine"),
        ("/strange.png", "cat", "machine"),
        ("/none.png", "=mouse", "person"),
    ]


def test_wrong_corrections_change_nothing(labels: Path) -> None:
    gallery = Gallery(labels)
    for rows, given in (([5], ["cat"]), ([-1], ["cat"]), ([0, 1], ["cat"])):
        with pytest.raises(DataError):
            gallery.correct(rows, given)
    assert not labels.with_name(CORRECTIONS).exists()
    labels.with_name(CORRECTIONS).write_text("something,else\n1,2\n")
    with pytest.raises(DataError, match="expected columns path and label"):
        Gallery(labels)
