from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zsl_images.classes.class_map import ClassMap
from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.taxonomy import Taxonomy, deepest
from zsl_images.errors import ClassTableError
from zsl_images.files import shipped_file
from zsl_images.head.head_file import load_head
from zsl_images.results import LevelLabel

TREE = """class,genus,family
zebra,Equus,Equidae
horse,Equus,Equidae
bear,bear,Ursidae
polar_bear,bear,Ursidae
panda,,Ursidae
ant,,
"""
NAMES = ("panda", "zebra", "bear", "horse", "polar_bear", "ant")
PROBABILITIES = np.array([0.2, 0.25, 0.15, 0.2, 0.12, 0.08])


def read(tmp_path: Path, content: str = TREE) -> Taxonomy:
    (tmp_path / "tree.csv").write_text(content)
    return Taxonomy.read(tmp_path / "tree.csv")


def test_probabilities_add_up_at_every_level(tmp_path: Path) -> None:
    levels = read(tmp_path).of(NAMES)(PROBABILITIES)
    assert [(level.level, level.label) for level in levels] == [
        ("class", "zebra"),
        ("genus", "Equus"),
        ("family", "Ursidae"),
    ]
    assert [level.probability for level in levels] == pytest.approx([0.25, 0.45, 0.47])


def test_each_level_parts_the_candidates(tmp_path: Path) -> None:
    roll_up = read(tmp_path).of(NAMES)
    for groups, members in zip(roll_up.groups, roll_up.members, strict=True):
        assert np.bincount(members, PROBABILITIES).sum() == pytest.approx(1)
        assert set(members) == set(range(len(groups)))
    assert roll_up.groups[1] == ("panda", "Equus", "bear", "ant")


def test_the_order_of_the_candidates_does_not_matter(tmp_path: Path) -> None:
    taxonomy = read(tmp_path)
    order = [3, 0, 5, 1, 4, 2]
    mine = taxonomy.of([NAMES[i] for i in order])(PROBABILITIES[order])
    for ours, theirs in zip(mine, taxonomy.of(NAMES)(PROBABILITIES), strict=True):
        assert ours.label == theirs.label
        assert ours.probability == pytest.approx(theirs.probability)


def test_the_answer_is_the_finest_level_that_is_sure_enough() -> None:
    levels = [LevelLabel("class", "a", 0.3), LevelLabel("genus", "b", 0.6), LevelLabel("f", "c", 0.9)]
    found = [deepest(levels, least) for least in (0, 0.3, 0.31, 0.6, 0.7, 0.95)]
    assert [level.label if level else None for level in found] == ["a", "a", "b", "b", "c", None]


def test_a_candidate_without_a_row_is_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(ClassTableError, match=r"2 of the 3 .* zebr \(did you mean zebra\?\), ox"):
        read(tmp_path).of(["zebr", "ox", "ant"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (TREE + "zebra,Equus,Bovidae\n", "line 8, column 2: 'Equus' is under 'Bovidae' here, "),
        (TREE + "zebra,Hippotigris,Equidae\n", "line 8, column 1: 'zebra' is under 'Hippotigris'"),
        (TREE + "mule,Equus,\n", "'Equus' is under nothing here, but under 'Equidae' in line 2"),
        ("class,group\na,b\nb,a\n", "line 3, column 1: 'b' is above itself: b → a → b"),
        ("class,group,order\na,b,a\n", "'b' is above itself: b → a → b"),
        ("class\nx\n", "only one column"),
        ("class,group\n,x\n", "line 2, column 1: the class has no name"),
        ("class,group\nx,y,z\n", "line 2: 3 cells, expected 2"),
        ("", "is empty"),
    ],
)
def test_what_is_no_tree_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(ClassTableError, match=message):
        read(tmp_path, content)


def test_a_row_may_be_repeated(tmp_path: Path) -> None:
    assert read(tmp_path, TREE + "zebra,Equus,Equidae\n").lineages == read(tmp_path).lineages


def test_the_shipped_groups_are_those_of_the_shipped_heads_classes() -> None:
    taxonomy = Taxonomy.read(shipped_file("awa2-groups.csv"))
    assert set(taxonomy.lineages) == set(load_head().table.names)


def test_the_shipped_groups_of_animals_hold_all_shipped_animals() -> None:
    taxonomy = Taxonomy.read(shipped_file("imagenet-groups.csv"))
    animals = ClassTable.read(shipped_file("imagenet-animals.csv")).names
    assert set(taxonomy.lineages) == {*animals, *load_head().table.names}
    coarser = Taxonomy.read(shipped_file("awa2-groups.csv")).lineages
    assert [n for n, lineage in coarser.items() if taxonomy.lineages[n][-1] != lineage[-1]] == []


def test_animals_share_a_kind_with_what_they_are_a_kind_of() -> None:
    kind_of = {
        name: lineage[1]
        for name, lineage in Taxonomy.read(shipped_file("imagenet-groups.csv")).lineages.items()
    }
    entries = ClassMap.read(shipped_file("imagenet-animals.csv")).entries
    apart = [
        entry.name
        for entry in entries
        if entry.kinds and kind_of[entry.name] not in {kind_of[kind] for kind in entry.kinds}
    ]
    assert sum(bool(entry.kinds) for entry in entries) > 100
    assert apart == []
