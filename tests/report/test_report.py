"""`report` takes label files and evaluations, and refuses everything else before it works."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsl_images.errors import DataError, OutputError
from zsl_images.report.report import report


def test_a_label_file_becomes_a_page_with_progress(labels: Path, tmp_path: Path) -> None:
    steps = []
    report(labels, tmp_path / "report.html", on_step=steps.append)
    assert (tmp_path / "report.html").read_text("utf-8").startswith("<!doctype html>")
    assert steps[-1].step == steps[-1].steps == len(steps)


@pytest.mark.parametrize(
    ("source", "out", "reason"),
    [
        ("labels.txt", "report.html", "expected a label file"),
        ("labels.csv", "report.pdf", r"ends in \.html"),
        (7, "report.html", "the path of a file"),
        ("gone.json", "report.html", "cannot be read"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, source: object, out: str, reason: str) -> None:
    with pytest.raises(DataError, match=reason):
        report(source, tmp_path / out)


def test_a_place_that_cannot_be_written_is_found_first(labels: Path, tmp_path: Path) -> None:
    with pytest.raises(OutputError):
        report(labels, tmp_path / "nowhere" / "report.html")
