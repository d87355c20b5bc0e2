"""A table for each finding, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.sheets import Finding
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError
from zsl_images.head.class_checks import check_classes
from zsl_images.head.head import Head

HEADER = "class,redness,greenness,blueness,light\n"


def found(tmp_path: Path, content: str, head: Head | None = None) -> dict[str, list[Finding]]:
    """The findings by their kind."""
    path = tmp_path / "table.csv"
    path.write_text(content)
    of_kind: dict[str, list[Finding]] = {}
    for finding in check_classes(path, head):
        of_kind.setdefault(finding.kind, []).append(finding)
    return of_kind


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
    of_kind = found(tmp_path, content)
    (finding,) = of_kind[kind]
    assert set(of_kind) == {kind}
    assert not finding.is_error
    assert finding.place == place
    assert message in finding.message


def test_a_guessed_encoding_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_bytes("class,a,b\nlöwe,1,2\nbär,2,1\n".encode("cp1252"))
    (finding,) = check_classes(tmp_path / "table.csv")
    assert (finding.kind, finding.is_error) == ("encoding", False)


def test_all_that_is_wrong_is_told_in_the_order_of_its_places(tmp_path: Path) -> None:
    content = "class,a,b,a,\nx,1,no,2,3\n,2,3,4,5\nx,never,2,1,0\nw,1,2\n"
    (tmp_path / "table.csv").write_text(content)
    findings = check_classes(tmp_path / "table.csv")
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
        check_classes(tmp_path / "none.csv")


def test_the_heads_own_table_has_nothing_wrong(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    trained.table.write(tmp_path / "table.csv")
    assert check_classes(tmp_path / "table.csv", trained.head, margin=0) == ()


def test_lacking_misspelt_and_unknown_attributes(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    content = "class,rednes,greenness,wings,light\nnew,10,200,3,80\nold,200,10,2,90\n"
    of_kind = found(tmp_path, content, trained.head)
    (misspelt,), (lacking,), (unknown,) = (of_kind[k] for k in ("misspelt", "lacking", "unknown"))
    assert misspelt.is_error
    assert misspelt.place == (1, 2)
    assert "'redness' is lacking" in misspelt.message
    assert lacking.is_error
    assert "'blueness'" in lacking.message
    assert not unknown.is_error
    assert (unknown.place, unknown.attribute) == ((1, 4), "wings")


def test_a_class_named_nearly_as_a_known_one(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    content = HEADER + "magneta,200,40,200,150\ngreen,40,180,60,90\n"
    of_kind = found(tmp_path, content, trained.head)
    (finding,) = of_kind["class name"]
    assert finding.place == (2, 1)
    assert "'magenta'" in finding.message


def test_another_scale_than_the_heads(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    of_kind = found(tmp_path, HEADER + "one,.8,.1,.1,.3\ntwo,.1,.8,.2,.4\n", trained.head)
    (finding,) = of_kind["scale"]
    assert "up to 0.8, those that the head was trained with up to 220" in finding.message
    of_kind = found(tmp_path, HEADER + "one,.8,.1,.1,.3\ntwo,100,180,20,100\n", trained.head)
    (finding,) = of_kind["scale"]
    assert finding.place == (2, 1)


def test_values_out_of_the_heads_range(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    of_kind = found(tmp_path, HEADER + "one,-1,50,900,100\ntwo,90,219,41,90\n", trained.head)
    assert [finding.place for finding in of_kind["range"]] == [(2, 2), (2, 4)]
    assert "the head knows 30 to 200" in of_kind["range"][1].message


def test_an_attribute_that_the_head_never_saw_vary(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    attributes = trained.table.attributes.copy()
    attributes[trained.table.is_seen, 2] = 60
    head = replace(trained.head, table=replace(trained.table, attributes=attributes))
    of_kind = found(tmp_path, HEADER + "one,40,50,60,50\ntwo,90,200,160,150\n", head)
    (finding,) = of_kind["never varied"]
    assert (finding.place, finding.attribute) == ((1, 4), "blueness")
    assert not found(tmp_path, HEADER + "one,40,50,60,50\ntwo,90,200,60,120\n", head).get(
        "never varied"
    )


def test_classes_that_the_head_cannot_tell_apart(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    content = HEADER + "rose,198,42,40,93\nleaf,41,181,60,94\nblue,40,60,200,100\nsea,40,61,200,101\n"
    findings = found(tmp_path, content, trained.head)["indistinct"]
    assert [(f.place[0], f.place[1]) for f in findings] == [(2, 1), (3, 1), (5, 1)]
    assert "'rose' from 'red' (which the head knows)" in findings[0].message
    assert "'sea' from 'blue' (line 4)" in findings[2].message
    assert all(not finding.is_error for finding in findings)


def test_the_attributes_it_names_would_part_them(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    content = HEADER + "one,198,42,40,93\ntwo,199,41,40,93\n"
    message = found(tmp_path, content, trained.head)["indistinct"][-1].message
    best = message.partition("part them most: ")[2].partition(" ")[0]

    def distance(attribute: str, value: float) -> float:
        rows = np.array([[199, 41, 40, 93], [198, 42, 40, 93]], np.float32)
        rows[1, trained.table.attribute_names.index(attribute)] = value
        priors = trained.head.priors_of(rows)
        return float(np.square(priors[0] - priors[1]).sum())

    extremes = {
        name: max(distance(name, value) for value in (column.min(), column.max()))
        for name, column in zip(trained.table.attribute_names, trained.table.attributes.T, strict=True)
    }
    assert max(extremes, key=lambda name: extremes[name]) == best


def test_a_wider_margin_finds_more_pairs(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    trained.table.write(tmp_path / "table.csv")
    pairs = len(trained.table) * (len(trained.table) - 1) // 2
    assert len(check_classes(tmp_path / "table.csv", trained.head, margin=1e6)) == pairs


def test_a_head_that_knows_descriptions_too_is_asked_for_its_attributes_alone(
    tmp_path: Path, trained: ZeroShotClassifier
) -> None:
    words = ClassTable(
        trained.table.names, ("text e 000000000000 1", "text e 000000000000 2"), np.full((8, 2), -0.5)
    )
    trained.table.write(tmp_path / "table.csv")
    both = replace(trained.head, table=trained.head.table.beside(words))
    assert check_classes(tmp_path / "table.csv", both) == ()
    (finding,) = check_classes(tmp_path / "table.csv", replace(trained.head, table=words))
    assert finding.is_error
    assert "descriptions alone" in finding.message
