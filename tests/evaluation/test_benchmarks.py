from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_models import small
from splits import SEEN, UNSEEN, written

from zsl_images.errors import DataError
from zsl_images.evaluation.benchmarks import run, validation_fold
from zsl_images.evaluation.xlsa17 import read_xlsa17
from zsl_images.head.calibration import calibration_error
from zsl_images.head.head_training import train_on_features
from zsl_images.model.config import Recipe


def test_a_recipe_gives_all_figures(dataset: Path) -> None:
    result = run(read_xlsa17(dataset), "best", seeds=2)
    assert result.seeds == (0, 1)
    assert result.paper is None
    for name in ("T", "u", "s", "H", "best_H", "AUSUC", "H_without_penalty"):
        assert -1e-9 <= result.figures[name].mean <= 100 + 1e-9
    assert result.figures["T"].mean > 100 / UNSEEN + 10
    assert result.figures["seconds"].mean > 0


@pytest.mark.parametrize("recipe", [small("best"), small("sgal", roll_back_interval=5)])
def test_labels_of_test_classes_change_nothing_but_the_scores(recipe: Recipe, tmp_path: Path) -> None:
    """Selection cannot peek: with noise for test labels the same head and penalty come out."""
    heads = []
    for options in ({}, {"noise_test_labels": True}):
        data = read_xlsa17(written(tmp_path / "T", **options))
        rows = data.rows["trainval"]
        fold = validation_fold(data, 0)
        heads.append(
            train_on_features(
                data.features[rows], data.labels[rows], data.table, recipe=recipe, folds=[fold]
            )
        )
    honest, noisy = heads
    assert honest.train_config == noisy.train_config
    assert honest.calibration.balanced_seen_penalty == noisy.calibration.balanced_seen_penalty
    assert honest.calibration.temperature == noisy.calibration.temperature
    for key, tensor in honest.model.state_dict().items():
        assert np.array_equal(tensor, noisy.model.state_dict()[key])


def test_calibration_is_measured_by_a_head_of_the_seen_classes(dataset: Path) -> None:
    data = read_xlsa17(dataset)
    figures = run(data, "best", seeds=1, with_calibration=True).figures
    rows, test = data.rows["trainval"], data.rows["test_seen"]
    table = data.table.select(data.table.names[:SEEN])
    head = train_on_features(data.features[rows], data.labels[rows], table)
    scores = head.scores(table, data.features[test])
    ece = calibration_error(
        scores - head.calibration.seen_penalty, data.labels[test], head.calibration.temperature
    )
    assert figures["ECE"].mean == pytest.approx(100 * ece)
    assert 50 < figures["unknown_AUROC"].mean <= 100
    with pytest.raises(DataError, match="one of the two"):
        run(data, "best", seeds=1, is_conventional=True, with_calibration=True)


def test_the_conventional_setting_gives_T_alone(dataset: Path) -> None:
    result = run(read_xlsa17(dataset), "best", 1, is_conventional=True)
    assert set(result.figures) == {"T", "seconds"}
    assert result.figures["T"].mean > 100 / UNSEEN + 10
