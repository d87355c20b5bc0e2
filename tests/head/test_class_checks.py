"""A table for each finding, and its message."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.findings import Finding
from zsl_images.classes.text_columns import TextColumns
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.head.class_checks import check_classes
from zsl_images.head.head import Head

HEADER = "class,redness,greenness,blueness,light\n"


def found(tmp_path: Path, content: str, head: Head | None = None) -> dict[str, list[Finding]]:
    """The findings by their kind."""
    path = tmp_path / "table.csv"
    path.write_text(content)
    by_kind: dict[str, list[Finding]] = {}
    for finding in check_classes(path, head):
        by_kind.setdefault(finding.kind, []).append(finding)
    return by_kind


def test_the_heads_own_table_has_nothing_wrong(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    trained.table.write(tmp_path / "table.csv")
    assert check_classes(tmp_path / "table.csv", trained.head, margin=0) == ()


def test_missing_misspelt_and_ignored_attributes(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    content = "class,rednes,greenness,wings,light\nnew,10,200,3,80\nold,200,10,2,90\n"
    by_kind = found(tmp_path, content, trained.head)
    kinds = ("misspelt", "missing attribute", "ignored attribute")
    (misspelt,), (missing,), (ignored,) = (by_kind[kind] for kind in kinds)
    assert misspelt.is_error
    assert misspelt.place == (1, 2)
    assert "'redness' is missing" in misspelt.message
    assert missing.is_error
    assert "missing: blueness; add" in missing.message
    assert not ignored.is_error
    assert (ignored.place, ignored.message[-7:]) == ((1, 4), ": wings")


def test_a_table_for_another_head_is_told_of_in_a_few_lines(
    tmp_path: Path, trained: ZeroShotClassifier
) -> None:
    others = ",".join(f"z{number}" for number in range(60))
    row = ",".join(str(number) for number in range(60))
    findings = found(tmp_path, f"class,{others}\na,{row}\nb,{row.replace('1', '2')}\n", trained.head)
    (missing,), (ignored,) = findings["missing attribute"], findings["ignored attribute"]
    assert "redness, greenness, blueness, light; add" in missing.message
    assert "z0, z1" in ignored.message
    assert "and 52 more" in ignored.message


def test_a_class_named_nearly_like_a_known_one(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    content = HEADER + "magneta,200,40,200,150\ngreen,40,180,60,90\n"
    by_kind = found(tmp_path, content, trained.head)
    (finding,) = by_kind["class name"]
    assert finding.place == (2, 1)
    assert "'magenta'" in finding.message


def test_another_scale_than_the_heads(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    by_kind = found(tmp_path, HEADER + "one,.8,.1,.1,.3\ntwo,.1,.8,.2,.4\n", trained.head)
    (finding,) = by_kind["scale"]
    assert "up to 0.8, those that the head was trained with up to 220" in finding.message
    by_kind = found(tmp_path, HEADER + "one,.8,.1,.1,.3\ntwo,100,180,20,100\n", trained.head)
    (finding,) = by_kind["scale"]
    assert finding.place == (2, 1)


def test_values_out_of_the_heads_range(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    by_kind = found(tmp_path, HEADER + "one,-1,50,900,100\ntwo,90,219,41,90\n", trained.head)
    assert [finding.place for finding in by_kind["range"]] == [(2, 2), (2, 4)]
    assert "the head knows 30 to 200" in by_kind["range"][1].message


def test_an_attribute_that_the_head_never_saw_vary(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    attributes = trained.table.attributes.copy()
    attributes[trained.table.is_seen, 2] = 60
    head = replace(trained.head, table=replace(trained.table, attributes=attributes))
    by_kind = found(tmp_path, HEADER + "one,40,50,60,50\ntwo,90,200,160,150\n", head)
    (finding,) = by_kind["never varied"]
    assert (finding.place, finding.attribute) == ((1, 4), "blueness")
    assert not found(tmp_path, HEADER + "one,40,50,60,50\ntwo,90,200,60,120\n", head).get(
        "never varied"
    )


def test_classes_that_the_head_cannot_tell_apart(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    content = HEADER + "rose,198,42,40,93\nleaf,41,181,60,94\nblue,40,60,200,100\nsea,40,61,200,101\n"
    findings = found(tmp_path, content, trained.head)["indistinct"]
    assert [(f.place[0], f.place[1]) for f in findings] == [(2, 1), (3, 1), (5, 1)]
    assert "'rose' is hard to distinguish from 'red' (known to the head)" in findings[0].message
    assert "'sea' is hard to distinguish from 'blue' (line 4)" in findings[2].message
    assert all(not finding.is_error for finding in findings)


def test_the_attributes_it_names_would_separate_them(
    tmp_path: Path, trained: ZeroShotClassifier
) -> None:
    content = HEADER + "one,198,42,40,93\ntwo,199,41,40,93\n"
    message = found(tmp_path, content, trained.head)["indistinct"][-1].message
    named = message.partition("separate them most: ")[2]
    best = named.partition(" ")[0]
    assert "(40 and 40)" not in named
    assert "(93 and 93)" not in named

    def distance(attribute: str, value: float) -> float:
        rows = np.array([[199, 41, 40, 93], [198, 42, 40, 93]], np.float32)
        rows[1, trained.table.attribute_names.index(attribute)] = value
        priors = trained.head.priors_of(rows)
        return float(np.square(priors[0] - priors[1]).sum())

    extremes = {
        name: max(distance(name, value) for value in (column.min(), column.max()))
        for name, column in zip(trained.table.attribute_names, trained.table.attributes.T, strict=True)
        if name in ("redness", "greenness")  # the others are equal
    }
    assert max(extremes, key=lambda name: extremes[name]) == best


def test_a_wider_margin_finds_more_pairs(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    trained.table.write(tmp_path / "table.csv")
    pairs = len(trained.table) * (len(trained.table) - 1) // 2
    assert len(check_classes(tmp_path / "table.csv", trained.head, margin=1e6)) == pairs


def test_a_head_with_descriptions_is_compared_by_its_attributes(
    tmp_path: Path, trained: ZeroShotClassifier
) -> None:
    text = TextColumns("e", "0" * 12, 2)
    words = ClassTable(trained.table.names, text.names, np.full((8, 2), -0.5), text=text)
    trained.table.write(tmp_path / "table.csv")
    both = replace(trained.head, table=trained.head.table.beside(words))
    assert check_classes(tmp_path / "table.csv", both) == ()
    (finding,) = check_classes(tmp_path / "table.csv", replace(trained.head, table=words))
    assert finding.is_error
    assert "descriptions alone" in finding.message


def test_what_is_normal_for_added_rows_is_not_told(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    content = HEADER + "dark,40,40,40,40\nplum,120,40,120,40\n"
    assert "constant" in found(tmp_path, content)
    assert "constant" not in found(tmp_path, content, trained.head)


def test_what_costs_labels_comes_first(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    path = tmp_path / "table.csv"
    path.write_text(HEADER + "rose,198,,40,93\nmagneta,200,40,200,150\nleaf,41,181,60,94\n")
    kinds = dict.fromkeys(finding.kind for finding in check_classes(path, trained.head))
    assert list(kinds) == ["class name", "indistinct", "missing"]


def test_a_class_in_another_spelling_is_the_heads(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    trained.table.renamed({"red": "Red", "blue": "BLUE"}).write(tmp_path / "table.csv")
    assert check_classes(tmp_path / "table.csv", trained.head, margin=0) == ()
