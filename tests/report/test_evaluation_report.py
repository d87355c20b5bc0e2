"""The report on an evaluation says its figures in words, and draws its curves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from drawing import draw

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError
from zsl_images.evaluation.figures import assess
from zsl_images.report.evaluation_report import FIGURES, write_evaluation_report


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The JSON of an evaluation of two seen and two unseen classes, one of them with an odd name."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 25)
    scores = (rng.normal(size=(100, 4)) + 2 * np.eye(4)[labels]).astype(np.float32)
    table = ClassTable(("cat", "dog", "<i>okapi", "whale"), ("size",), np.arange(4)[:, None])
    seen = table.with_seen(["cat", "dog"])
    evaluation = assess(scores, labels, seen, seen_penalty=0.5, temperature=1.0, min_confidence=0.4)
    path = tmp_path / "evaluation.json"
    path.write_text(json.dumps(evaluation.to_dict()))
    return path


def test_every_figure_is_said_in_words(source: Path, tmp_path: Path) -> None:
    write_evaluation_report(source, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    figures = json.loads(source.read_text())["figures"]
    for name in figures.keys() & FIGURES.keys():
        assert FIGURES[name] in page
        assert f"<strong>{100 * figures[name]:.1f} %</strong>" in page
    assert {"s", "u", "H", "T", "AUSUC", "ECE", "coverage"} <= figures.keys()


def test_curves_and_confusions_are_shown(source: Path, tmp_path: Path) -> None:
    write_evaluation_report(source, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    content = json.loads(source.read_text())
    assert page.count("<polyline") == 1
    assert page.count("<circle") == 1 + len(content["reliability"])
    assert "&lt;i&gt;okapi" in page
    assert "<i>" not in page
    assert sum(photos for *_, photos in content["reliability"]) == 100


def test_what_is_mistaken_for_what_is_shown_with_photos(source: Path, tmp_path: Path) -> None:
    content = json.loads(source.read_text())
    (label, given, _), *others = content["confusions"]
    draw("red", 0).save(tmp_path / "wrong.png")
    content["mistakes"] = [[str(tmp_path / "wrong.png"), label, given]]
    source.write_text(json.dumps(content))
    write_evaluation_report(source, tmp_path / "report.html")
    page = (tmp_path / "report.html").read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == 1
    assert "wrong.png" in page
    rows = page.partition("labelled as</th>")[2]
    assert rows.count("<tr><td>") == len(others)


def test_a_class_table_gives_a_heat_map_of_the_worst_classes(source: Path, tmp_path: Path) -> None:
    table = ClassTable(("cat", "whale"), ("size", "teeth"), np.array([[1, 2], [9, 0]]))
    write_evaluation_report(source, tmp_path / "report.html", table)
    page = (tmp_path / "report.html").read_text("utf-8")
    assert '<th scope="row">whale</th>' in page
    assert "opacity: 1.00" in page


def test_figures_that_say_nothing_are_left_out(source: Path, tmp_path: Path) -> None:
    content = json.loads(source.read_text())
    content["figures"]["coverage"] = 1.0
    source.write_text(json.dumps(content))
    write_evaluation_report(source, tmp_path / "report.html")
    assert FIGURES["coverage"] not in (tmp_path / "report.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("no", "is no JSON"),
        ("[]", "holds no evaluation"),
        ('{"figures": {"H": "high"}, "curve": [], "confusions": [], "per_class": []}', "no evaluation"),
        (
            '{"figures": {"H": 1}, "curve": [[1, 2]], "confusions": [], "per_class": []}',
            "no evaluation",
        ),
        ('{"figures": {"H": 1}, "curve": [], "confusions": [], "per_class": [{}]}', "no evaluation"),
        ('{"figures": [1], "curve": [], "confusions": [], "per_class": []}', "no evaluation"),
        ('{"figures": {"H": NaN}, "curve": [], "confusions": [], "per_class": []}', "no evaluation"),
        ('{"figures": {"H": 1}, "curve": [], "confusions": [[1, 2, 3]], "per_class": []}', "no eval"),
        ("[" * 100_000, "is no JSON"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=reason):
        write_evaluation_report(tmp_path / "a.json", tmp_path / "report.html")
