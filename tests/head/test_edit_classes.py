from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from drawing import COLOURS, features_of

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, DataError
from zsl_images.head.add_classes import add_classes
from zsl_images.head.edit_classes import promote_classes, remove_classes, rename_classes
from zsl_images.head.head import Head
from zsl_images.head.head_file import load_head, save_head


def test_add_then_remove_is_the_head_itself(few: Head, new: ClassTable, tmp_path: Path) -> None:
    back = remove_classes(add_classes(few, new, learn=True), new.names)
    save_head(few, tmp_path / "few.safetensors")
    save_head(back, tmp_path / "back.safetensors")
    assert (tmp_path / "few.safetensors").read_bytes() == (tmp_path / "back.safetensors").read_bytes()


def test_editing_keeps_the_order_and_the_bytes_of_other_rows(
    few: Head, new: ClassTable, tmp_path: Path
) -> None:
    def lines(head: Head) -> list[bytes]:
        save_head(head, tmp_path / "head.safetensors")
        load_head(tmp_path / "head.safetensors").table.write(tmp_path / "table.csv")
        return (tmp_path / "table.csv").read_bytes().splitlines(keepends=True)

    odd = few.table.attributes.copy()
    odd[:, 0] = np.float32(1) / 3 + np.arange(len(odd), dtype=np.float32)
    few = replace(few, table=replace(few.table, attributes=odd))
    before = lines(few)
    assert lines(add_classes(few, new, learn=True))[: len(before)] == before
    assert lines(remove_classes(few, ["green"])) == [x for x in before if not x.startswith(b"green,")]
    renamed = lines(rename_classes(few, {"green": "leaf"}))
    assert [x.replace(b"leaf,", b"green,") for x in renamed] == before
    table = ClassTable.read(tmp_path / "table.csv")
    np.testing.assert_array_equal(table.attributes, odd)


def test_a_renamed_class_answers_as_before_under_its_new_name(
    trained: ZeroShotClassifier, few: Head, new: ClassTable
) -> None:
    head = add_classes(few, new, learn=True)
    renamed = rename_classes(head, {"cyan": "turquoise", "red": "crimson"})
    features = features_of(trained, list(COLOURS), range(80, 83))
    np.testing.assert_array_equal(
        renamed.scores(renamed.table, features), head.scores(head.table, features)
    )
    assert renamed.memory is not None
    assert "crimson" in renamed.memory.names
    assert "crimson" in renamed.table.seen_names
    with pytest.raises(ClassTableError, match="already: red"):
        rename_classes(head, {"cyan": "red"})
    with pytest.raises(ClassTableError, match=r"mauve"):
        rename_classes(head, {"mauve": "x"})


def test_removing_needs_classes_that_are_there_and_leaves_one(few: Head) -> None:
    with pytest.raises(ClassTableError, match="did you mean green"):
        remove_classes(few, ["gren"])
    with pytest.raises(ClassTableError, match="no class would be left"):
        remove_classes(few, few.table.names)


def test_a_promoted_class_is_seen_and_lies_nearer_to_its_photos(
    trained: ZeroShotClassifier, few: Head, new: ClassTable
) -> None:
    start = add_classes(few, new)
    features = features_of(trained, ["cyan"], range(5))
    head = promote_classes(start, features, ["cyan"] * 5)
    assert head.table.seen_names == (*few.table.seen_names, "cyan")
    assert head.table.names == start.table.names
    column = head.table.names.index("cyan")
    held_out = features_of(trained, ["cyan"], range(50, 60))
    old, promoted = (h.scores(h.table, held_out)[:, column].mean() for h in (start, head))
    assert promoted > old
    assert head.memory is not None
    assert head.memory.names[-1] == "cyan"


def test_more_photos_count_for_more(trained: ZeroShotClassifier, few: Head, new: ClassTable) -> None:
    start, moved = add_classes(few, new), []
    for count in (1, 4, 40):
        one = np.repeat(features_of(trained, ["cyan"], range(1)), count, axis=0)
        moved.append(np.linalg.norm(promote_classes(start, one, ["cyan"] * count).residuals["cyan"]))
    assert moved == sorted(moved)


def test_only_unseen_classes_of_the_head_can_be_promoted(
    trained: ZeroShotClassifier, few: Head, new: ClassTable
) -> None:
    start = add_classes(few, new)
    features = features_of(trained, ["cyan"], range(1))
    with pytest.raises(DataError, match="already: red"):
        promote_classes(start, features, ["red"])
    with pytest.raises(ClassTableError, match="mauve"):
        promote_classes(start, features, ["mauve"])
    with pytest.raises(DataError, match="no photo"):
        promote_classes(start, features[:0], [])


def test_a_promoted_class_is_known_when_more_are_added(
    trained: ZeroShotClassifier, few: Head, new: ClassTable, tmp_path: Path
) -> None:
    head = add_classes(few, new.select(["cyan"]))
    head = promote_classes(head, features_of(trained, ["cyan"], range(3)), ["cyan"] * 3)
    save_head(head, tmp_path / "head.safetensors")
    loaded = load_head(tmp_path / "head.safetensors")
    np.testing.assert_array_equal(loaded.residuals["cyan"], head.residuals["cyan"])
    grown = add_classes(loaded, new.select(["orange"]), learn=True)
    np.testing.assert_array_equal(grown.residuals["cyan"], head.residuals["cyan"])
    assert torch.isfinite(torch.from_numpy(grown.residuals["orange"])).all()


def test_a_class_that_went_with_its_table_comes_back_as_a_stranger(
    trained: ZeroShotClassifier,
) -> None:
    push = np.ones(trained.head.model.config.latent_dim, np.float32)
    head = replace(trained.head, residuals={"cyan": push, "orange": push})
    kept = [name for name in head.table.names if name not in ("cyan", "red")]
    back = add_classes(replace(head, table=head.table.select(kept)), head.table.select(["cyan", "red"]))
    assert set(back.residuals) == {"orange"}
    assert back.memory is not None
    assert "red" not in back.memory.names
    assert "red" in back.table.unseen_names
