"""The report on labels counts every photo, shows the extremes, and escapes all names."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pytest
from label_files import rows_of

from zsl_images.errors import DataError
from zsl_images.labelling.label_files import write_labels
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.report import label_report
from zsl_images.report.label_report import LabelFacts, write_label_report


def row(label: str | None, probability: float, number: int, **more: object) -> dict[str, object]:
    """A row of a label file, as far as the report reads it."""
    return {
        "path": f"/{number}.png",
        "label": label,
        "probability": probability,
        "is_seen": True,
        "unknown_score": 0.1,
        "is_unknown": False,
        "error": None,
        "head": "h",
        "backbone": "b",
        "version": "1",
        **more,
    }


def test_everything_is_counted() -> None:
    facts = LabelFacts()
    facts.add(row("cat", 0.9, 1))
    facts.add(row("cat", 0.5, 2))
    facts.add(row(None, 0.5, 5, unknown_score=0.99, is_unknown=True))
    facts.add(row(None, 0.2, 3))
    facts.add(row(None, 0.0, 4, error="4.png: broken"))
    assert (facts.photos, facts.labelled, facts.unlabelled) == (5, 2, 1)
    assert (facts.unreadable, facts.unknown) == (1, 1)
    assert facts.failures == [("/4.png", "4.png: broken")]
    assert facts.total == pytest.approx(1.4)


def test_the_surest_and_the_least_sure_photos_are_found_among_many() -> None:
    facts = LabelFacts()
    for number in range(100):
        facts.add(row("cat", (number * 37 % 100) / 100, number * 37 % 100))
    surest, least = facts.labels["cat"].shown(6)
    assert surest == [f"/{number}.png" for number in range(99, 93, -1)]
    assert least == [f"/{number}.png" for number in range(6)]


def test_no_photo_is_shown_twice() -> None:
    facts = LabelFacts()
    for number in range(12):
        facts.add(row("cat", number / 12, number))
    surest, least = facts.labels["cat"].shown(6)
    assert sorted(surest) == sorted(f"/{number}.png" for number in range(12))
    assert least == []


def test_the_page_needs_nothing_else_and_escapes_names(labels: Path, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    write_label_report(labels, out)
    page = out.read_text("utf-8")
    rows = rows_of(labels)
    labels_given = {one["label"] for one in rows if one["label"]}
    assert f"{len(rows)} photos, {len(labels_given)} different labels" in page
    assert "broken.png: not an image" in page
    assert "&lt;red&gt;-0.png" in page
    assert not re.search(r"<(red|orange)>", page)
    assert not re.search(r"(src|href)=\"(?!data:|#)", page)
    assert page.count("data:image/jpeg;base64,") >= 12 + 7 * 3
    assert rows[0]["head"] in page


def test_photos_that_are_gone_are_named(labels: Path, tmp_path: Path) -> None:
    moved = tmp_path / "labels.csv"
    table = rows_of(labels)
    for one in table:
        one["path"] = one["path"].replace(str(labels.parent), "/nowhere")
    write_labels([pa.Table.from_pylist(table, SCHEMA)], moved)
    write_label_report(moved, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert "data:image/jpeg" not in page
    assert page.count("photo is gone") >= 12 + 7 * 3


def test_a_page_shows_a_bounded_number_of_photos(
    labels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(label_report, "SHOWN_PHOTOS", 10)
    write_label_report(labels, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    shown = page.partition("The surest and the least sure")[2]
    assert shown.count("data:image/jpeg;base64,") <= 10
    assert "Of the 5 most frequent labels." in page


def test_sets_of_labels_are_counted_if_there_are_some() -> None:
    facts = LabelFacts()
    for number, labels in enumerate((["cat"], ["cat", "dog"], None)):
        facts.add(row("cat", 0.9, number, label_set=labels))
    assert facts.set_sizes == {1: 1, 2: 1}


def test_an_empty_label_file_is_an_error(tmp_path: Path) -> None:
    write_labels([SCHEMA.empty_table()], tmp_path / "labels.parquet")
    with pytest.raises(DataError, match="no rows"):
        write_label_report(tmp_path / "labels.parquet", tmp_path / "report.html")


def test_a_label_that_somebody_added_has_no_probability(tmp_path: Path) -> None:
    row = {"path": "/a.jpg", "size": 1, "mtime": 1, "label": "cat"}
    write_labels([pa.Table.from_pylist([row], SCHEMA)], tmp_path / "labels.csv")
    write_label_report(tmp_path / "labels.csv", tmp_path / "report.html")
    assert "cat" in (tmp_path / "report.html").read_text()
