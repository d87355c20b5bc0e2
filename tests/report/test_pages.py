"""Pages are whole, well-formed, and hold nothing that could run."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from zsl_images.classes.class_table import ClassTable
from zsl_images.report.label_report import write_label_report
from zsl_images.report.pages import write_page
from zsl_images.report.report import report

VOID = {"meta", "img", "circle", "path", "polyline"}


class Balance(HTMLParser):
    """Checks that every tag is closed by its own."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attributes: object) -> None:
        self.seen.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


def test_tags_are_balanced_and_none_is_a_script(labels: Path, tmp_path: Path) -> None:
    write_label_report(labels, tmp_path / "report.html")
    balance = Balance()
    balance.feed((tmp_path / "report.html").read_text("utf-8"))
    assert balance.open == []
    assert {"main", "table", "img"} <= balance.seen
    assert "script" not in balance.seen


def test_pages_are_html_without_any_fault(
    labels: Path, tmp_path: Path, colour_table: ClassTable
) -> None:
    html5lib = pytest.importorskip("html5lib", reason="html5lib is not installed")
    report(labels, tmp_path / "labels.html", attributes=colour_table)
    evaluation = {
        "figures": {"s": 0.9, "u": 0.5, "H": 0.6},
        "per_class": [{"label": "red", "is_seen": True, "photos": 9, "accuracy": 0.9}],
        "confusions": [["red", "<blue>", 2], ["red", "orange", 1]],
        "mistakes": [[str(labels.parent / "<red>-0.png"), "red", "<blue>"]],
        "curve": [[0.0, 0.9, 0.1], [1.0, 0.1, 0.9]],
        "reliability": [[0.9, 0.8, 9]],
        "failures": [],
    }
    (tmp_path / "evaluation.json").write_text(json.dumps(evaluation))
    report(tmp_path / "evaluation.json", tmp_path / "evaluation.html", attributes=colour_table)
    for name in ("labels.html", "evaluation.html"):
        parser = html5lib.HTMLParser(strict=True)  # raises an error at the first fault
        parser.parse((tmp_path / name).read_text("utf-8"))


def test_a_value_that_is_missing_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        write_page("labels.html", tmp_path / "report.html", name="x")
    assert not list(tmp_path.iterdir())
