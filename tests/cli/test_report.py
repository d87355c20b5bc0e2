"""`zsl report` writes a page and says how large it is."""

from __future__ import annotations

from pathlib import Path

from commands import USAGE, run

from zsl_images.classes.class_table import ClassTable


def test_labels_become_a_page(colours: Path) -> None:
    run("label", colours / "a.png", colours / "b.png", "--out", colours / "labels.csv")
    result = run("report", colours / "labels.csv", "--out", colours / "report.html")
    assert result.exit_code == 0
    assert result.stdout.endswith("report.html: 0.0 MB\n")
    assert "2 photos, 1 different label" in (colours / "report.html").read_text("utf-8")


def test_a_class_table_gives_a_heat_map(colours: Path, colour_table: ClassTable) -> None:
    colour_table.write(colours / "classes.csv")
    run("label", colours / "a.png", "--out", colours / "labels.csv")
    out = colours / "report.html"
    result = run(
        "report", colours / "labels.csv", "--attributes", colours / "classes.csv", "--out", out
    )
    assert result.exit_code == 0, result.stderr
    assert "What the classes are like" in out.read_text("utf-8")


def test_it_needs_a_place_to_write_to(colours: Path) -> None:
    assert run("report", colours / "labels.csv").exit_code == USAGE
    result = run("report", colours / "tree.csv", "--out", colours / "report.html")
    assert result.exit_code == 1
    assert "tree.csv" in result.stderr
