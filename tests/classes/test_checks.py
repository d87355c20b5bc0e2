"""A table for each finding that needs no head, and its message."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsl_images.classes.attribute_sheets import AttributeSheet
from zsl_images.classes.checks import table_findings
from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.findings import Finding
from zsl_images.errors import ClassTableError


def findings_in(path: Path) -> tuple[Finding, ...]:
    return table_findings(AttributeSheet.read(path))


def found(tmp_path: Path, content: str) -> dict[str, list[Finding]]:
    """The findings by their kind."""
    path = tmp_path / "table.csv"
    path.write_text(content)
    by_kind: dict[str, list[Finding]] = {}
    for finding in findings_in(path):
        by_kind.setdefault(finding.kind, []).append(finding)
    return by_kind


FORM = [
    ("", "empty", (0, 0)),
    ("class,a\n", "empty", (1, 0)),
    ("class\nx\ny\n", "columns", (1, 0)),
    ("class,a\nx,1\ny,1,2\n", "cells", (3, 0)),
    ('class,a\nx,1\n"y,1\n', "quotes", (3, 0)),
    ("class,a\nx\0,1\n", "binary", (0, 0)),
    ("class,a,\nx,1,2\ny,2,1\n", "no name", (1, 3)),
    ("class,a\nx,1\n,2\n", "no name", (3, 1)),
    ("class,a\nx,1\n\nx,2\n", "repeated class", (4, 1)),
    ("class,a,a\nx,1,2\ny,2,1\n", "repeated attribute", (1, 3)),
    ("class,a,b\nx,1,hoofed\ny,2,1\n", "number", (2, 3)),
    ("class,a,b\nx,1,\ny,2,NA\n", "no value", (1, 3)),
]


@pytest.mark.parametrize(("content", "kind", "place"), FORM)
def test_what_no_head_would_take_is_an_error(
    tmp_path: Path, content: str, kind: str, place: tuple[int, int]
) -> None:
    (finding,) = found(tmp_path, content)[kind]
    assert finding.is_error
    assert finding.place == place
    with pytest.raises(ClassTableError):
        ClassTable.read(tmp_path / "table.csv")


LOOKS = [
    ("class,a,b\nx,1,\ny,2,7\nz,3,8\n", "missing", (2, 3), "mean"),
    ("class,a,b\nx,1,5\ny,2,5\n", "constant", (1, 3), "the same value"),
    ("class,a,b,c\nx,1,1,2\ny,2,2,1\nz,3,3,2\n", "same attributes", (1, 3), "'a' (column 2)"),
    ("class,a,b\nx,1,2\ny,2,1\nz,1,2\n", "same classes", (4, 1), "'x' (line 2)"),
    ("class,a,b,c\nx,60,9,50\ny,.6,.1,.5\nz,90,8,20\n", "scale", (3, 1), "'y' reaches up to 0.6"),
    ("class,a,b,c\nx,60,.9,50\ny,30,.1,5\nz,90,.8,20\n", "scale", (1, 3), "'b' reaches up to 0.9"),
]


@pytest.mark.parametrize(("content", "kind", "place", "message"), LOOKS)
def test_what_deserves_a_look_is_a_warning(
    tmp_path: Path, content: str, kind: str, place: tuple[int, int], message: str
) -> None:
    by_kind = found(tmp_path, content)
    (finding,) = by_kind[kind]
    assert set(by_kind) == {kind}
    assert not finding.is_error
    assert finding.place == place
    assert message in finding.message


def test_a_guessed_encoding_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes("class,a,b\nlöwe,1,2\nbär,2,1\n".encode("cp1252"))
    (finding,) = findings_in(tmp_path / "table.csv")
    assert (finding.kind, finding.is_error) == ("encoding", False)


def test_everything_wrong_is_listed_in_the_order_of_its_places(tmp_path: Path) -> None:
    content = "class,a,b,a,\nx,1,no,2,3\n,2,3,4,5\nx,never,2,1,0\nw,1,2\n"
    (tmp_path / "table.csv").write_text(content)
    findings = findings_in(tmp_path / "table.csv")
    errors = [(finding.kind, finding.place) for finding in findings if finding.is_error]
    assert errors == [
        ("repeated attribute", (1, 4)),
        ("no name", (1, 5)),
        ("number", (2, 3)),
        ("no name", (3, 1)),
        ("repeated class", (4, 1)),
        ("number", (4, 2)),
        ("cells", (5, 0)),
    ]
    with pytest.raises(ClassTableError, match=r"line 1, column 4: .*\(6 more errors in this file\)"):
        ClassTable.read(tmp_path / "table.csv")


def test_a_file_that_cannot_be_opened_raises(tmp_path: Path) -> None:
    with pytest.raises(ClassTableError, match="cannot read"):
        findings_in(tmp_path / "none.csv")


def test_cells_that_cannot_be_read_are_not_taken_for_another_scale(tmp_path: Path) -> None:
    by_kind = found(tmp_path, "class,a,b,c\nx,one,two,three\ny,60,9,50\nz,90,8,20\n")
    assert set(by_kind) == {"number"}


def test_attributes_that_are_the_same_for_all_are_told_in_one_line(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, "class,a,b,c\nx,1,5,7\ny,2,5,7\n")["constant"]
    assert (finding.place, finding.attribute, finding.count) == ((1, 3), "b, c", 2)


def test_columns_of_a_few_rows_for_a_head_need_not_vary(tmp_path: Path) -> None:
    header = ",".join(["class", *(f"a{number}" for number in range(20))])
    rows = [
        ",".join([name, "0", "2", *(str(value * (number % 4 + 1)) for number in range(18))])
        for name, value in (("x", 10), ("y", 20), ("z", 15))
    ]
    assert found(tmp_path, "\n".join([header, *rows])) == {}
    ClassTable.read(tmp_path / "table.csv")  # with warnings as errors
