from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawing import COLOURS, UNSEEN, draw
from opening import noting_photos
from PIL import Image

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, DataError
from zsl_images.evaluation.evaluate import evaluate
from zsl_images.features.backbones import Backbone
from zsl_images.head.calibration import Outcome, calibrate, calibration_error, fit_temperature
from zsl_images.head.folds import hold_out, make_folds
from zsl_images.head.head_training import train_on_features
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
    with pytest.raises(ClassTableError, match=r"2 folders of .*grey.*red"):
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


def test_too_few_classes_or_photos_are_refused(colour_table: ClassTable) -> None:
    with pytest.raises(DataError, match="at least 2 seen classes"):
        train_on_features(np.ones((3, 4), np.float32), np.zeros(3, np.int64), colour_table)
    with pytest.raises(DataError, match="at least 5"):
        make_folds(np.repeat([0, 1, 2], 5), 2, np.random.default_rng(0))
    with pytest.raises(DataError, match="too few photos"):
        make_folds(np.arange(10), 2, np.random.default_rng(0))


def test_photos_alone_are_held_out_where_no_class_plays_unseen() -> None:
    labels = np.repeat(np.arange(4), 10)
    fold = hold_out(labels, np.random.default_rng(0), np.empty(0, np.int64))
    assert sorted(np.concatenate([fold.train, fold.seen])) == list(range(40))
    assert (np.bincount(labels[fold.seen]) == 2).all()
    assert not len(fold.unseen)


def test_the_temperature_is_that_of_the_scores() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(5000, 6)).astype(np.float32) * 3
    labels = (scores / 2.0 + rng.gumbel(size=scores.shape)).argmax(1)  # drawn from a softmax at 2
    assert fit_temperature(scores, labels) == pytest.approx(2.0, rel=0.05)


def test_decisions_are_chosen_on_folds_and_probabilities_on_held_out_photos() -> None:
    rng = np.random.default_rng(0)

    def outcome(classes: int, distance: float) -> Outcome:
        labels = np.arange(400) % classes
        scores = rng.normal(size=(400, classes)).astype(np.float32)
        scores[np.arange(400), labels] += 2
        is_seen = np.arange(classes) < 4
        return Outcome(scores, labels, is_seen, rng.uniform(0, distance, 400).astype(np.float32))

    folds, held_out, other = [outcome(6, 1.0)], outcome(4, 2.0), outcome(4, 3.0)
    mine, theirs = calibrate(folds, held_out, 0.5), calibrate(folds, other, 0.5)
    assert mine.seen_penalty == theirs.seen_penalty
    assert mine.metrics["H"] == theirs.metrics["H"]
    scores = held_out.scores - mine.seen_penalty
    expected = fit_temperature(scores, held_out.labels)
    assert mine.temperature == pytest.approx(expected, rel=1e-3)
    ece = calibration_error(scores, held_out.labels, mine.temperature)
    assert mine.metrics["ECE"] == pytest.approx(ece, rel=1e-3)
    assert mine.known_distances[-1] == pytest.approx(held_out.distances.max())


def test_photos_without_a_mistake_do_not_make_a_head_sure_of_all() -> None:
    labels = np.arange(20) % 2
    scores = np.float32([[0, -10], [-10, 0]])[labels]
    temperature = fit_temperature(scores, labels)
    assert 1 / (1 + np.exp(-10 / temperature)) == pytest.approx(20 / 21, abs=1e-3)


def test_folds_part_rows_and_play_other_classes_as_unseen() -> None:
    labels = np.repeat(np.arange(10), 10)
    folds = make_folds(labels, 5, np.random.default_rng(0))
    played = []
    for fold in folds:
        rows = np.concatenate([fold.train, fold.seen, fold.unseen])
        assert sorted(rows) == list(range(100))
        assert not set(labels[fold.unseen]) & set(labels[fold.train])
        assert set(labels[fold.seen]) == set(labels[fold.train])
        played += set(labels[fold.unseen])
    assert sorted(played) == list(range(10))


def test_classes_with_rows_are_seen_whatever_the_table_said(
    colour_table: ClassTable, small_recipe: Recipe
) -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(6), 10)
    features = rng.normal(size=(60, 12)).astype(np.float32)
    seen = colour_table.names[:6]
    head = train_on_features(features, labels, colour_table, recipe=small_recipe, folds=1)
    assert head.table.seen_names == seen


def test_evaluate_gives_the_figures_of_labelled_photos(
    trained: ZeroShotClassifier, tmp_path: Path
) -> None:
    for colour in COLOURS:
        (tmp_path / colour).mkdir()
        for seed in range(50, 54):
            draw(colour, seed).save(tmp_path / colour / f"{seed}.png")
    (tmp_path / "red" / "broken.png").write_text("broken")
    report = evaluate(trained, tmp_path)
    assert {"seen_accuracy", "unseen_accuracy", "T", "H", "AUSUC", "ECE"} <= set(report.figures)
    assert report.figures["s"] == report.figures["seen_accuracy"] > 0.7
    assert report.figures["T"] > 0.5
    assert [of_class.photos for of_class in report.per_class] == [4] * len(COLOURS)
    assert len(report.failures) == 1
    mean = np.mean([c.accuracy for c in report.per_class if c.is_seen])
    assert report.figures["seen_accuracy"] == pytest.approx(mean)
    right = [
        trained.predict(draw(colour, seed))[0].label == colour
        for colour in COLOURS
        for seed in range(50, 54)
    ]
    assert report.figures["per_image"] == pytest.approx(np.mean(right))


def test_evaluate_on_seen_classes_alone_gives_no_gzsl_figures(
    trained: ZeroShotClassifier, colour_photos: Path
) -> None:
    figures = evaluate(trained, colour_photos).figures
    assert "seen_accuracy" in figures
    assert "unseen_accuracy" not in figures
    assert "H" not in figures


def test_photos_of_other_things_are_told_by_their_distance(
    trained: ZeroShotClassifier, colour_photos: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    for number in range(8):
        stripes = np.zeros((40, 48, 3), np.uint8)
        stripes[:, :: 2 + number] = rng.integers(0, 255, 3)
        Image.fromarray(stripes).save(tmp_path / f"{number}.png")
    figures = evaluate(trained, colour_photos, unknown=tmp_path).figures
    assert figures["unknown_AUROC"] > 0.8


def test_coverage_falls_and_answers_are_more_often_right_with_more_confidence(
    trained: ZeroShotClassifier, colour_photos: Path
) -> None:
    every = evaluate(trained, colour_photos).figures
    sure = evaluate(trained.with_min_confidence(0.8), colour_photos).figures
    assert every["coverage"] == 1
    assert sure["coverage"] < 1
    assert sure["answered_accuracy"] >= every["answered_accuracy"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"folds": 7}, "folds=7, expected a whole number from 0 to 5"),
        ({"folds": -1}, "folds=-1"),
        ({"max_seen_loss": 9}, "max_seen_loss=9, expected a share from 0 to 1"),
        ({"max_seen_loss": float("nan")}, "max_seen_loss=nan"),
        ({"recipe": "bestest"}, "unknown recipe 'bestest'"),
    ],
)
def test_settings_are_checked_before_the_photos_are_read(
    tmp_path: Path, colour_table: ClassTable, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        train(tmp_path / "no photos", colour_table, backbone="none", **settings)
    with pytest.raises(ValueError, match=message):
        train_on_features(
            np.zeros((4, 3), np.float32),
            np.arange(4),
            colour_table,
            recipe=settings.pop("recipe", "best"),
            **settings,
        )
