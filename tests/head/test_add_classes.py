from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawing import COLOURS, draw, features_of

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, ClassTableWarning, DataError
from zsl_images.head.add_classes import GrowConfig, add_classes
from zsl_images.head.head import Head
from zsl_images.progress import StepRecord


def test_added_at_once_is_the_same_as_in_the_table_from_the_start(
    trained: ZeroShotClassifier, few: Head, new: ClassTable
) -> None:
    grown = add_classes(few, new)
    assert grown.table.names == (*few.table.names, *new.names)
    assert grown.table.unseen_names == new.names
    features = features_of(trained, list(COLOURS), range(90, 93))
    np.testing.assert_array_equal(
        grown.scores(grown.table, features), trained.head.scores(grown.table, features)
    )


@pytest.mark.parametrize("learn", [False, True])
def test_scores_of_the_old_classes_stay(
    trained: ZeroShotClassifier, few: Head, new: ClassTable, learn: bool
) -> None:
    features = features_of(trained, list(COLOURS), range(90, 93))
    grown = add_classes(few, new, learn=learn)
    old = grown.scores(grown.table, features)[:, : len(few.table)]
    np.testing.assert_allclose(old, few.scores(few.table, features), rtol=0, atol=1e-5)


def test_learning_gives_new_classes_a_residual_that_a_seed_repeats(few: Head, new: ClassTable) -> None:
    steps: list[StepRecord] = []
    one = add_classes(few, new, learn=True, seed=1, on_step=steps.append)
    again = add_classes(few, new, learn=True, seed=1)
    other = add_classes(few, new, learn=True, seed=2)
    assert set(one.residuals) == set(new.names)
    for name in new.names:
        np.testing.assert_array_equal(one.residuals[name], again.residuals[name])
        assert not np.array_equal(one.residuals[name], other.residuals[name])
    assert steps[-1].step == steps[-1].steps
    assert steps[-1].losses["cross-entropy"] < steps[0].losses["cross-entropy"]


def test_a_pull_keeps_learned_classes_near_their_priors(few: Head, new: ClassTable) -> None:
    pulled, free = (
        add_classes(few, new, learn=True, config=GrowConfig(pull=pull)).residuals for pull in (5.0, 0.0)
    )
    for name in new.names:
        assert np.linalg.norm(pulled[name]) < 0.9 * np.linalg.norm(free[name])


def test_learning_with_photos_at_hand_draws_on_them(
    trained: ZeroShotClassifier, few: Head, new: ClassTable
) -> None:
    seen = list(few.table.names)
    known = features_of(trained, seen, range(5)), [name for name in seen for _ in range(5)]
    with_photos = add_classes(few, new, learn=True, known=known)
    without = add_classes(few, new, learn=True)
    assert not np.array_equal(with_photos.residuals["cyan"], without.residuals["cyan"])
    with pytest.raises(ClassTableError, match="mauve"):
        add_classes(few, new, learn=True, known=(known[0], ["mauve"] * len(known[1])))


def test_learned_classes_are_named_and_seen_ones_are_not_forgotten(
    trained: ZeroShotClassifier, few: Head, new: ClassTable
) -> None:
    grown = trained.with_head(add_classes(few, new, learn=True))
    images = [draw(colour, seed) for colour in COLOURS for seed in range(60, 65)]
    labels = [colour for colour in COLOURS for _ in range(5)]
    right = [p.label == label for p, label in zip(grown.predict(images), labels, strict=True)]
    assert np.mean(right) > 0.8


def test_a_head_without_memory_says_what_to_do(few: Head, new: ClassTable) -> None:
    with pytest.raises(DataError, match="remembers nothing"):
        add_classes(replace(few, memory=None), new, learn=True)


def test_a_class_that_is_there_already_is_refused(few: Head, colour_table: ClassTable) -> None:
    with pytest.raises(ClassTableError, match="has these classes already: red"):
        add_classes(few, colour_table.select(["red", "cyan"]))


def test_another_scale_is_warned_of(few: Head, new: ClassTable) -> None:
    with pytest.warns(ClassTableWarning, match="same scale"):
        add_classes(few, replace(new, attributes=new.attributes / 255))
