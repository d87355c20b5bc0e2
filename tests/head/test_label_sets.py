from __future__ import annotations

import math

import numpy as np
import pytest

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError
from zsl_images.head.calibration import Calibration, spread_of
from zsl_images.head.label_sets import SetMaker, largest_misfit

TABLE = ClassTable(("a", "b", "c"), ("x",), np.float32([[0], [1], [2]])).with_seen(["a", "b"])


def test_the_largest_misfit_is_that_of_split_conformal_prediction() -> None:
    misfits = [0.1, 0.2, 0.3, 0.4]
    assert largest_misfit(misfits, 0.8) == 0.4  # the 4th smallest of 4
    assert largest_misfit(misfits, 0.6) == 0.3
    assert math.isinf(largest_misfit(misfits, 0.9))  # too few photos to exclude anything
    assert largest_misfit(misfits, 0) == -math.inf


def test_sets_hold_the_classes_whose_misfit_is_small_enough() -> None:
    calibration = Calibration(seen_misfits=(0.5,) * 9, unseen_misfits=(0.9,) * 9)
    sets = SetMaker(calibration, TABLE, 0.9)(np.float32([[0.6, 0.2, 0.2], [0.45, 0.5, 0.05]]))
    assert sets == [("a", "c"), ("b",)]  # unseen classes have misfits of their own
    assert SetMaker(calibration, TABLE, 0.0)(np.float32([[1, 0, 0]])) == [()]


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
def test_sets_hold_the_right_class_as_often_as_they_say(coverage: float) -> None:
    rng = np.random.default_rng(0)

    def photos(count: int) -> tuple[np.ndarray, np.ndarray]:
        odds = rng.gamma(0.3, size=(count, 3)).astype(np.float32)
        probabilities = odds / odds.sum(axis=1, keepdims=True)
        labels = (probabilities.cumsum(axis=1) < rng.uniform(size=(count, 1))).sum(axis=1).clip(0, 2)
        return probabilities, labels

    probabilities, labels = photos(5000)
    misfits = spread_of(1 - probabilities[np.arange(5000), labels])
    assert len(misfits) <= 400
    probabilities, labels = photos(5000)
    sets = SetMaker(Calibration(seen_misfits=misfits), TABLE, coverage)(probabilities)
    held = np.mean([TABLE.names[k] in one for k, one in zip(labels, sets, strict=True)])
    assert held == pytest.approx(coverage, abs=0.02)


def test_a_head_without_held_out_photos_has_no_sets() -> None:
    with pytest.raises(DataError, match="zsl calibrate"):
        SetMaker(Calibration(), TABLE, 0.9)
