from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import Any

import numpy as np
import pytest
import torch
from small_models import small

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError
from zsl_images.head.fit import train_on_features
from zsl_images.head.folds import Fold
from zsl_images.head.head import Head
from zsl_images.model.config import Recipe
from zsl_images.model.mmvae import MultiModalVAE
from zsl_images.model.roll_back import RollBack
from zsl_images.progress import StepRecord


def test_one_class_is_refused(colour_table: ClassTable) -> None:
    with pytest.raises(DataError, match="at least 2 seen classes"):
        train_on_features(np.ones((3, 4), np.float32), np.zeros(3, np.int64), colour_table)


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ([3], r"a fold is 3, expected a Fold"),
        (["a"], r"a fold is 'a', expected a Fold"),
        ("2", r"folds is '2', expected a whole number"),
        (2.5, r"folds is 2\.5, expected a whole number"),
        (
            [Fold(np.arange(3), np.arange(3, 6), np.array([60]))],
            "fold 1 names row 60, expected rows 0 to",
        ),
    ],
)
def test_folds_that_are_none_are_refused_before_a_training(
    colour_table: ClassTable, folds: Any, message: str
) -> None:
    features, labels = np.ones((60, 4), np.float32), np.repeat(np.arange(6), 10)
    with pytest.raises(DataError, match=message):
        train_on_features(features, labels, colour_table, folds=folds)


def test_a_number_of_folds_may_be_one_of_numpy(colour_table: ClassTable, small_recipe: Recipe) -> None:
    features = np.random.default_rng(0).normal(size=(60, 12)).astype(np.float32)
    labels = np.repeat(np.arange(6), 10)
    folds: Any = np.int64(1)
    head = train_on_features(features, labels, colour_table, recipe=small_recipe, folds=folds)
    assert head.calibration.metrics


def test_classes_with_rows_are_seen_whatever_the_table_said(
    colour_table: ClassTable, small_recipe: Recipe
) -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(6), 10)
    features = rng.normal(size=(60, 12)).astype(np.float32)
    seen = colour_table.names[:6]
    head = train_on_features(features, labels, colour_table, recipe=small_recipe, folds=1)
    assert head.table.seen_names == seen


def epochs_of_generate_and_learn(table: ClassTable, folds: int, learn_rate: float) -> float:
    """Of a head with six seen classes and two unseen ones; the recipe asks for 4."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(6), 10)
    features = (table.attributes @ rng.normal(size=(4, 12)))[labels] + rng.normal(size=(60, 12))
    recipe = small("sgal", warm_up_epochs=20, learn_epochs=4, learn_rate=learn_rate)
    head = train_on_features(features.astype(np.float32), labels, table, recipe=recipe, folds=folds)
    return head.train_config.learn_epochs


def test_a_head_takes_the_share_of_steps_that_helped_on_validation_classes(
    colour_table: ClassTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = iter([0.25, 0.75])

    def over(
        roll_back: RollBack, steps: Iterator[StepRecord], model: MultiModalVAE
    ) -> Iterator[StepRecord]:
        roll_back.share = next(shares)  # of each fold in turn, and of nothing else
        return steps

    monkeypatch.setattr(RollBack, "over", over)
    assert epochs_of_generate_and_learn(colour_table, folds=2, learn_rate=1e-4) == 2


def test_a_head_learns_nothing_from_generated_features_if_that_never_helped(
    colour_table: ClassTable,
) -> None:
    assert epochs_of_generate_and_learn(colour_table, folds=1, learn_rate=100.0) == 0
    assert epochs_of_generate_and_learn(colour_table, folds=0, learn_rate=100.0) == 4


@pytest.mark.parametrize("name", ["best", "best-dropout", "sgal"])
def test_a_whole_training_makes_every_tensor_on_the_models_device(
    name: str, colour_table: ClassTable
) -> None:
    """With `meta` as default device, a tensor made without a device would hold no values."""
    labels = np.repeat(np.arange(6), 10)
    features = np.random.default_rng(0).uniform(size=(60, 24)).astype(np.float32)
    recipe = small(name, warm_up_epochs=1, learn_epochs=1, learn_steps=2)

    def trained(device: str) -> Head:
        with torch.device(device):
            return train_on_features(features, labels, colour_table, recipe=recipe, folds=1)

    expected, found = trained("cpu"), trained("meta")
    assert found.calibration == expected.calibration
    for key, array in found.frozen.arrays.items():
        np.testing.assert_array_equal(array, expected.frozen.arrays[key], key)


def test_every_training_of_a_head_learns_on_its_device(
    colour_table: ClassTable, small_recipe: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The models are moved there from the CPU, and asked where they are."""
    labels = np.repeat(np.arange(6), 10)
    features = np.random.default_rng(0).uniform(size=(60, 24)).astype(np.float32)
    moved, to = [], MultiModalVAE.to

    def moving(model: MultiModalVAE, device: str) -> MultiModalVAE:
        moved.append(device)
        return to(model, "cpu")

    monkeypatch.setattr(MultiModalVAE, "to", moving)
    monkeypatch.setattr(torch.random, "fork_rng", lambda devices: nullcontext(moved.append(devices)))
    train_on_features(features, labels, colour_table, recipe=small_recipe, folds=1, device="cuda:1")
    assert moved == [["cuda:1"], "cuda:1"] * 3
