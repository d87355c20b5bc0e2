"""Classes that a head and a user spell in different ways."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from drawing import draw

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, ClassTableWarning
from zsl_images.head.add_classes import add_classes
from zsl_images.head.edit_classes import rename_classes


def test_candidates_in_another_spelling_are_the_heads_classes(trained: ZeroShotClassifier) -> None:
    table = trained.table.select(["red", "blue", "cyan"])
    spelt = replace(table, names=("Red", "BLUE", "blue-green"))
    with pytest.warns(ClassTableWarning, match=r"Red \(red\), BLUE \(blue\)$"):
        other = trained.with_classes(spelt)
    assert other.table.names == ("red", "blue", "blue-green")
    assert other.table.is_seen.tolist() == [True, True, False]
    with pytest.raises(ClassTableError, match="'Red' and 'red' both mean 'red' of the head"):
        trained.with_classes(replace(table, names=("Red", "red", "x")))


def test_a_taxonomy_may_spell_the_candidates_in_another_way(
    trained: ZeroShotClassifier, tmp_path: Path
) -> None:
    rows = "".join(f"{name.upper()},{name.upper()},colour\n" for name in trained.table.names)
    (tmp_path / "tree.csv").write_text("class,group,kind\n" + rows)
    with pytest.warns(ClassTableWarning, match="the taxonomy") as said:
        grouped = trained.with_taxonomy(tmp_path / "tree.csv")
    assert len(said) == 1
    levels = grouped.with_min_confidence(0.5).predict(draw("red", 1))[0].levels
    assert [level.label for level in levels] == ["red", "red", "colour"]
    assert grouped.fingerprint() != trained.fingerprint()


def test_a_class_in_another_spelling_is_there_already(
    trained: ZeroShotClassifier, colour_table: ClassTable
) -> None:
    head = replace(trained.head, table=trained.table.select(trained.table.seen_names))
    new = colour_table.select(["orange", "cyan"])
    with pytest.raises(ClassTableError, match=r"already: RED \(red\)"):
        add_classes(head, new.renamed({"cyan": "RED"}))
    with pytest.raises(ClassTableError, match=r"already: Red \(red\)"):
        rename_classes(head, {"green": "Red"})
    assert "Red" in rename_classes(head, {"red": "Red"}).table.names
