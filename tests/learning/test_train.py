from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawing import UNSEEN, draw
from opening import noting_photos

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, DataError
from zsl_images.features.backbones import Backbone
from zsl_images.head.fit import train_on_features
from zsl_images.learning.train import train
from zsl_images.model.config import Recipe


def test_folders_are_seen_and_rows_without_one_are_unseen(trained: ZeroShotClassifier) -> None:
    assert sorted(trained.table.unseen_names) == sorted(UNSEEN)


def test_the_head_remembers_how_it_was_made(
    trained: ZeroShotClassifier, small_backbone: Backbone, small_recipe: Recipe
) -> None:
    head = trained.head
    assert head.backbone.weights_sha256 == small_backbone.weights_sha256
    assert head.train_config == small_recipe.training
    assert set(head.calibration.metrics) == {
        "T",
        "u",
        "s",
        "H",
        "best_H",
        "AUSUC",
        "seen_accuracy",
        "unseen_accuracy",
        "ECE",
    }
    assert all(0 <= value <= 1 for value in head.calibration.metrics.values())


def test_a_second_training_touches_no_pixel_and_gives_the_same_head(
    colour_photos: Path, colour_table: ClassTable, small_backbone: Backbone, small_recipe: Recipe
) -> None:
    backbone, opened = noting_photos(small_backbone)

    def trained_once() -> ZeroShotClassifier:
        return train(
            colour_photos, colour_table, backbone=backbone, recipe=small_recipe, folds=1
        ).classifier

    first = trained_once()
    del opened[:]
    second = trained_once()
    assert opened == []
    for key, tensor in first.head.model.state_dict().items():
        assert np.array_equal(tensor, second.head.model.state_dict()[key])
    assert first.head.calibration == second.head.calibration


def test_a_folder_without_a_row_is_an_error_that_names_it(
    colour_photos: Path, colour_table: ClassTable, small_backbone: Backbone
) -> None:
    table = colour_table.select([name for name in colour_table.names if name not in ("red", "grey")])
    with pytest.raises(ClassTableError, match=r"no row .* 2 folders: grey.*red"):
        train(colour_photos, table, backbone=small_backbone)


def test_broken_photos_are_left_out_and_named(
    tmp_path: Path, colour_table: ClassTable, small_backbone: Backbone, small_recipe: Recipe
) -> None:
    for colour in ("red", "green", "blue"):
        (tmp_path / colour).mkdir()
        for seed in range(4):
            draw(colour, seed).save(tmp_path / colour / f"{seed}.png")
    (tmp_path / "red" / "broken.png").write_text("broken")
    result = train(tmp_path, colour_table, backbone=small_backbone, recipe=small_recipe, folds=0)
    assert [failure.path for failure in result.failures] == [str(tmp_path / "red" / "broken.png")]
    assert result.classifier.head.calibration.metrics == {}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"folds": 7}, "folds is 7, expected 5 or fewer"),
        ({"folds": 1.5}, "folds is 1.5, expected a whole number, 0 or more"),
        ({"seed": "one"}, "seed is 'one', expected a whole number, 0 or more"),
        ({"folds": -1}, "folds is -1"),
        ({"max_seen_loss": 9}, "max_seen_loss is 9, expected 0 to 1"),
        ({"max_seen_loss": float("nan")}, "max_seen_loss is nan"),
        ({"recipe": "bestest"}, "unknown recipe 'bestest'"),
    ],
)
def test_settings_are_checked_before_the_photos_are_read(
    tmp_path: Path, colour_table: ClassTable, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        train(tmp_path / "no photos", colour_table, backbone="none", **settings)
    with pytest.raises(DataError, match=message):
        train_on_features(
            np.zeros((4, 3), np.float32),
            np.arange(4),
            colour_table,
            recipe=settings.pop("recipe", "best"),
            **settings,
        )
