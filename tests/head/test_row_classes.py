from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from classifiers import KnownWorld

from zsl_images.classes.class_map import ClassMap
from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import BackboneError, ClassTableError
from zsl_images.features.backbones import Backbone
from zsl_images.head.fit import train_on_features
from zsl_images.head.head import Head
from zsl_images.head.row_classes import RowClasses

WORLD = KnownWorld()
SEEN, UNSEEN, OTHERS = range(8), range(8, 16), range(16, 60)


def accuracy(head: Head, classes: range) -> float:
    """Accuracy on the photos of some classes, with only these as candidates."""
    features, labels = WORLD.of(classes)
    table = head.table.select([WORLD.names[number] for number in classes])
    return float((head.scores(table, features).argmax(1) == labels - classes.start).mean())


def trained(rows: RowClasses | None) -> Head:
    table = WORLD.table.select(WORLD.names[: UNSEEN.stop])
    return train_on_features(*WORLD.of(SEEN), table, rows=rows, folds=0)


def test_classes_of_the_backbone_teach_how_attributes_look() -> None:
    alone, taught = trained(None), trained(WORLD.rows(OTHERS))
    assert accuracy(taught, UNSEEN) > accuracy(alone, UNSEEN) + 0.1
    assert set(taught.table.unseen_names).isdisjoint(taught.table.row_names)


def test_a_row_knows_a_class_better_than_its_attributes_do() -> None:
    by_rows = trained(WORLD.rows(range(8, 60)))
    assert accuracy(by_rows, UNSEEN) > accuracy(trained(WORLD.rows(OTHERS)), UNSEEN) + 0.1
    assert set(by_rows.table.unseen_names) < by_rows.table.row_names
    assert not by_rows.table.is_seen[UNSEEN.start :].any()


def test_several_rows_of_a_class_are_averaged_whatever_their_length() -> None:
    rows = WORLD.rows(range(3))
    joined = RowClasses(
        rows.class_map.renamed({"class 1": "class 0"}), rows.described, rows.classes, "small"
    )
    assert joined.table.names == ("class 0", "class 2")
    np.testing.assert_allclose(np.linalg.norm(joined.weights, axis=1), 1, rtol=1e-6)
    both = rows.classes.centred([0, 1]).mean(0)
    np.testing.assert_allclose(joined.weights[0], both / np.linalg.norm(both), rtol=1e-6)


def test_classes_that_play_unseen_are_left_out_with_their_kinds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Otherwise a validation would choose on classes that it knows by their rows."""
    taught: list[set[str]] = []
    without = RowClasses.without

    def noting(self: RowClasses, names: set[str]) -> RowClasses | None:
        kept = without(self, names)
        assert kept is not None
        assert set(names).isdisjoint(kept.table.names)
        assert not any(set(names) & set(entry.kinds) for entry in kept.class_map.entries)
        taught.append(set(kept.table.names))
        return kept

    monkeypatch.setattr(RowClasses, "without", noting)
    kinds = {20 + number: WORLD.names[number] for number in SEEN}
    train_on_features(*WORLD.of(SEEN), WORLD.table, rows=WORLD.rows(range(60), kinds), folds=2)
    assert len(taught) == 3  # two folds, and one that leaves no class out
    assert [60 - len(names) for names in taught] == [4, 4, 0]


def test_nothing_may_be_left() -> None:
    assert WORLD.rows(range(2)).without(WORLD.names) is None


@pytest.mark.filterwarnings("ignore:names spelt in another way")
def test_attributes_come_from_the_table_or_from_the_map(
    tmp_path: Path, small_backbone: Backbone
) -> None:
    (tmp_path / "map.csv").write_text("index,class,kind_of,a,b\n0,Red_fox,fox,1,2\n1,wolf,,3,4\n")
    class_map = ClassMap.read(tmp_path / "map.csv")
    table = ClassTable(("fox", "red fox"), ("b", "a"), np.array([[5, 6], [7, 8]]))
    classes = WORLD.classes
    network = small_backbone.network()
    with pytest.raises(BackboneError, match="teaches no classes; leave --backbone-classes out"):
        RowClasses.read(class_map, table, small_backbone)
    object.__setattr__(network, "classes", classes)
    try:
        found = RowClasses.read(class_map, table, small_backbone)
        assert found.table.names == ("red fox", "wolf")
        assert found.table.attributes.tolist() == [[7, 8], [4, 3]]
        other = ClassTable(("fox", "red fox"), ("c", "a"), np.array([[5, 6], [7, 8]]))
        with pytest.raises(
            ClassTableError, match=r"map.csv: 1 attribute of the class table missing.* c; so"
        ):
            RowClasses.read(class_map, other, small_backbone)
        (tmp_path / "map.csv").write_text("index,class\n0,fox\n1,wolf\n")
        with pytest.raises(ClassTableError, match="line 3: wolf without attributes"):
            RowClasses.read(tmp_path / "map.csv", table, small_backbone)
    finally:
        object.__setattr__(network, "classes", None)


def test_other_recipes_say_what_to_do() -> None:
    for recipe in ("best", "sgal"):
        with pytest.raises(ValueError, match="take the recipe 'rows'"):
            train_on_features(
                *WORLD.of(SEEN), WORLD.table, rows=WORLD.rows(OTHERS), folds=0, recipe=recipe
            )
