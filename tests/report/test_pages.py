"""Pages are whole, well-formed, and hold nothing that could run."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from zsl_images.report.label_report import write_label_report
from zsl_images.report.pages import write_page

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


def test_a_value_that_is_missing_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(UndefinedError):
        write_page("labels.html", tmp_path / "report.html", name="x")
    assert not list(tmp_path.iterdir())
