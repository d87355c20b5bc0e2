from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_models import small
from splits import SEEN, UNSEEN

from zsl_images.errors import BackboneError, DataError
from zsl_images.evaluation import benchmarks
from zsl_images.evaluation.benchmarks import (
    figures_on_test,
    run,
    validation_fold,
)
from zsl_images.evaluation.xlsa17 import Benchmark, read_xlsa17
from zsl_images.head.calibration import calibration_error
from zsl_images.head.fit import train_on_features
from zsl_images.head.head import Head
from zsl_images.model.config import Recipe
from zsl_images.model.recipes import RECIPES


def test_a_recipe_gives_all_figures(dataset: Path) -> None:
    result = run(read_xlsa17(dataset), "best", seeds=2)
    assert result.seeds == (0, 1)
    assert result.paper is None
    for name in ("T", "u", "s", "H", "best_H", "AUSUC", "H_without_penalty"):
        assert -1e-9 <= result.figures[name].mean <= 100 + 1e-9
    assert result.figures["T"].mean > 100 / UNSEEN + 10
    assert result.figures["seconds"].mean > 0


@pytest.mark.parametrize("recipe", [small("best"), small("sgal", roll_back_interval=5)])
def test_labels_of_test_rows_change_nothing_but_the_figures(
    recipe: Recipe, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can peek: with shuffled labels of test rows the same head, γ and temperature come out."""
    monkeypatch.setitem(RECIPES, "small", recipe)
    data = read_xlsa17(dataset)
    labels, rng = data.labels.copy(), np.random.default_rng(0)
    for name in ("test_seen", "test_unseen"):
        labels[data.rows[name]] = rng.permutation(labels[data.rows[name]])
    honest, noisy = (run(replace(data, labels=given), "small", 1) for given in (data.labels, labels))
    for name in ("seen_penalty", "temperature"):
        assert honest.figures[name] == noisy.figures[name]
    assert honest.figures["AUSUC"].mean > noisy.figures["AUSUC"].mean
    assert honest.heads[0].calibration == noisy.heads[0].calibration
    assert honest.heads[0].train_config == noisy.heads[0].train_config
    tensors = noisy.heads[0].model.state_dict()
    for key, tensor in honest.heads[0].model.state_dict().items():
        assert np.array_equal(tensor, tensors[key])


def test_the_penalty_of_the_figures_is_the_validations_and_the_heads(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    favours_seen = replace(RECIPES["best"], model=replace(RECIPES["best"].model, seen_length=2.0))
    monkeypatch.setitem(RECIPES, "best", favours_seen)
    data = read_xlsa17(dataset)
    noise = np.random.default_rng(0).normal(0, 2, data.features.shape).astype(np.float32)
    data = replace(data, features=data.features + noise)  # so that seen classes pay for γ
    result = run(data, "best", 1)
    rows, calibration = data.rows["trainval"], result.heads[0].calibration
    learned = data.features[rows], data.labels[rows], data.table
    folds = [validation_fold(data, 0)]
    balanced = train_on_features(*learned, folds=folds, max_seen_loss=1).calibration
    sparing = train_on_features(*learned, folds=folds).calibration
    assert calibration == balanced
    assert calibration.seen_penalty == calibration.balanced_seen_penalty != sparing.seen_penalty
    assert calibration.temperature != sparing.temperature
    head = result.heads[0]
    figures = figures_on_test(
        data, lambda rows: head.scores(data.table, data.features[rows]), head.calibration.seen_penalty
    )
    assert {name: result.figures[name].mean for name in figures} == pytest.approx(figures)


def test_validation_classes_are_the_files_or_chosen_by_the_seed(dataset: Path) -> None:
    data = read_xlsa17(dataset)
    without = replace(data, rows={n: r for n, r in data.rows.items() if n not in ("train", "val")})
    trainval = data.rows["trainval"]

    def unseen(given: Benchmark, seed: int) -> set[int]:
        fold = validation_fold(given, seed)
        classes = [set(data.labels[trainval[rows]].tolist()) for rows in (fold.train, fold.unseen)]
        assert not classes[0] & classes[1]
        assert set(data.labels[trainval[fold.seen]].tolist()) <= classes[0]
        return classes[1]

    own = set(data.labels[data.rows["val"]].tolist())
    assert [unseen(data, seed) for seed in range(3)] == [own] * 3
    chosen = [unseen(without, seed) for seed in range(5)]
    assert all(len(classes) == SEEN // 5 for classes in chosen)
    assert len(set(map(frozenset, chosen))) > 1
    assert unseen(without, 0) == chosen[0]


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


def test_the_head_learns_on_the_device_that_is_asked_for(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    devices = []

    def trained(*args: Any, device: str, **settings: Any) -> Head:
        devices.append(device)
        return train_on_features(*args, device="cpu", **settings)

    monkeypatch.setattr(benchmarks, "train_on_features", trained)
    monkeypatch.setattr(benchmarks, "resolve_device", {"cpu": "cpu", "auto": "cuda"}.get)
    data = read_xlsa17(dataset)
    for device in ("cpu", "auto"):
        run(data, "best-mmvae", 1, with_calibration=True, device=device)
    assert devices == ["cpu", "cpu", "cuda", "cuda"]


def test_a_device_that_is_not_there_is_refused(dataset: Path) -> None:
    with pytest.raises(BackboneError, match="'toaster' cannot be used"):
        run(read_xlsa17(dataset), "best", 1, device="toaster")
