"""Benchmarks: recipes run on data sets by the field's protocol (Xian et al., TPAMI 2019)."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from zsl_images.backbones import Backbone
from zsl_images.checkpoint import Head
from zsl_images.classes import ClassTable
from zsl_images.errors import DataError
from zsl_images.evaluation import Fold, assess, gzsl_report, scores_of
from zsl_images.features import OnStep
from zsl_images.learning import labelled_features, train_on_features
from zsl_images.metrics import mean_per_class_accuracy
from zsl_images.recipes import recipe_named
from zsl_images.results import Evaluation, Failure
from zsl_images.xlsa17 import Benchmark, write_xlsa17

PAPER: dict[tuple[str, str], tuple[float, ...]] = {
    ("mmvae", "AWA1"): (39.4, 86.8, 54.2),
    ("mmvae", "AWA2"): (15.7, 92.6, 26.9),
    ("mmvae", "CUB"): (28.5, 63.1, 39.3),
    ("mmvae", "SUN"): (14.2, 43.6, 21.4),
    ("sgal", "AWA1"): (52.7, 74.0, 61.5),
    ("sgal", "AWA2"): (52.5, 86.3, 65.3),
    ("sgal", "CUB"): (40.9, 55.3, 47.0),
    ("sgal", "SUN"): (35.5, 34.4, 34.9),
    ("sgal-dropout", "AWA1"): (52.7, 75.7, 62.2),
    ("sgal-dropout", "AWA2"): (55.1, 81.2, 65.6),
    ("sgal-dropout", "CUB"): (47.1, 44.7, 45.9),
    ("sgal-dropout", "SUN"): (42.9, 31.2, 36.1),
}
"""u, s and H in per cent from Yu & Lee 2019, table 2, by recipe and data set."""

PAPER_CONVENTIONAL: dict[tuple[str, str], tuple[float, ...]] = {
    ("mmvae", "AWA1"): (74.2,),
    ("mmvae", "CUB"): (58.4,),
    ("sgal", "AWA1"): (84.1,),
    ("sgal", "CUB"): (62.5,),
}
"""T in per cent in the conventional setting (table 1), with Inception features."""

PAPER_STEPS = {
    "AWA1": (170_000, 1_300),
    "AWA2": (64_000, 900),
    "CUB": (17_000, 2_000),
    "SUN": (1_450_000, 1_500),
}
"""The paper's steps of warm-up and of generate-and-learn, by data set."""


@dataclass(frozen=True)
class Figure:
    """Mean and standard deviation over seeds."""

    mean: float
    sd: float


@dataclass(frozen=True)
class BenchmarkResult:
    """Figures of a recipe on a data set.

    Args:
        recipe: its name.
        dataset: its name.
        seeds: those that were run.
        figures: T, u, s, H, best_H, AUSUC (per-class, in per cent) and seconds, over the seeds; u,
            s and H also without a seen penalty, as the paper gives them; and the seen penalty and
            temperature that the validation chose.
        heads: the trained heads, one a seed.
        paper: the paper's u, s and H, or its T in the conventional setting, where it has them.
    """

    recipe: str
    dataset: str
    seeds: tuple[int, ...]
    figures: Mapping[str, Figure]
    heads: tuple[Head, ...]
    paper: tuple[float, ...] | None

    def to_dict(self) -> dict[str, Any]:
        """The fields of the JSON output."""
        figures = {name: asdict(figure) for name, figure in self.figures.items()}
        return {"recipe": self.recipe, "dataset": self.dataset, "seeds": self.seeds, **figures}


def write_photos(
    photos: str | os.PathLike[str],
    table: ClassTable,
    folder: str | os.PathLike[str],
    backbone: Backbone,
    *,
    unseen: Sequence[str] | None = None,
    seed: int = 0,
    cache: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> tuple[Failure, ...]:
    """Write photos sorted into a folder a class as features in the field's layout.

    Args:
        photos: a folder with a folder of photos for each class.
        table: has a row for each of these classes; its other rows are left out.
        folder: see `write_xlsa17`.
        backbone: makes the features.
        unseen: classes held out as unseen; by default a fifth of them.
        seed: of the split.
        cache: see `learning.train`.
        on_step: told of the progress.

    Returns:
        The photos that could not be read.

    Raises:
        ClassTableError: a folder has no row, or a class of `unseen` has no folder.
    """
    features, rows = labelled_features(photos, table, backbone, cache, on_step)
    present, labels = np.unique(rows, return_inverse=True)
    table = table.select([table.names[row] for row in present])
    if not unseen:
        count = max(1, round(len(table) / 5))
        unseen = np.random.default_rng(seed).permutation(table.names)[:count].tolist()
    table.select(unseen)
    table = table.with_seen(set(table.names) - set(unseen))
    write_xlsa17(folder, features.features, labels, table, features.paths, seed)
    return features.failures


def run(
    data: Benchmark,
    recipe_name: str,
    seeds: int,
    is_conventional: bool = False,
    on_step: OnStep | None = None,
) -> BenchmarkResult:
    """Run a recipe on a data set, with everything chosen on validation rows.

    The seen penalty γ is the one with the best harmonic mean on a validation: trained on `train`
    less a fifth, measured on that fifth and on `val`. Then the head is trained on `trainval`, and
    the test rows are looked at once.

    In the conventional setting (the paper's table 1) all photos of seen classes are learned from,
    unseen classes are the only candidates, and T is the only figure of accuracy.
    """
    recipe = recipe_named(recipe_name)
    if not recipe_name.startswith("best") and data.name.upper() in PAPER_STEPS:
        rows = len(data.rows["trainval"]) / recipe.training.batch_size
        warm_up, learn = (steps / rows for steps in PAPER_STEPS[data.name.upper()])
        learn *= recipe.training.learn_epochs > 0
        recipe = replace(
            recipe, training=replace(recipe.training, warm_up_epochs=warm_up, learn_epochs=learn)
        )
    runs, heads = [], []
    for seed in range(seeds):
        start = time.perf_counter()
        learned, folds = data.rows["trainval"], [validation_fold(data, seed)]
        if is_conventional:
            learned, folds = np.concatenate([learned, data.rows["test_seen"]]), []
        head = train_on_features(
            data.features[learned],
            data.labels[learned],
            data.table,
            recipe=recipe,
            seed=seed,
            folds=folds,
            on_step=on_step,
        )
        seconds = time.perf_counter() - start

        def scores(rows: npt.NDArray[np.int64], head: Head = head) -> npt.NDArray[np.float32]:
            return scores_of(head.model, data.table, data.features[rows])

        figures = figures_on_test(data, scores, head.balanced_seen_penalty, is_conventional)
        if not is_conventional:
            figures |= {"seen_penalty": head.balanced_seen_penalty, "temperature": head.temperature}
        runs.append({**figures, "seconds": seconds})
        heads.append(replace(head, seen_penalty=head.balanced_seen_penalty))
    key = (recipe_name, data.name.upper())
    return BenchmarkResult(
        recipe=recipe_name,
        dataset=data.name,
        seeds=tuple(range(seeds)),
        figures=mean_and_sd(runs),
        heads=tuple(heads),
        paper=PAPER_CONVENTIONAL.get(key) if is_conventional else PAPER.get(key),
    )


def evaluate_on_test(head: Head, data: Benchmark, seen_penalty: float) -> Evaluation:
    """All figures of a head on the test rows of a data set.

    Args:
        head: trained on features and attributes of the same widths.
        data: its table gives the candidates.
        seen_penalty: γ.

    Raises:
        DataError: the widths differ.
    """
    config = head.model.config
    expected = (config.feature_dim, config.attribute_dim)
    given = (data.features.shape[1], data.table.attributes.shape[1])
    if expected != given:
        raise DataError(
            f"{data.name} has {given[0]} features and {given[1]} attributes, the head was trained with "
            f"{expected[0]} and {expected[1]}; make one with `zsl benchmark --save`"
        )
    rows = np.concatenate([data.rows["test_seen"], data.rows["test_unseen"]])
    return assess(
        head.scores(data.table, data.features[rows]),
        data.labels[rows],
        data.table,
        seen_penalty=seen_penalty,
        temperature=head.temperature,
    )


def figures_on_test(
    data: Benchmark,
    scores: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]],
    seen_penalty: float,
    is_conventional: bool = False,
) -> dict[str, float]:
    """The one look at the test rows: figures in per cent.

    Args:
        data: a data set.
        scores: rows → scores (N, K) of any method.
        seen_penalty: γ, chosen on validation rows.
        is_conventional: T alone.
    """
    names = ("test_unseen",) if is_conventional else ("test_seen", "test_unseen")
    rows = np.concatenate([data.rows[name] for name in names])
    labels, is_seen, found = data.labels[rows], data.table.is_seen, scores(rows)
    if is_conventional:
        predicted = np.where(is_seen, -np.inf, found).argmax(axis=1)
        return {"T": 100 * mean_per_class_accuracy(labels, predicted)}
    report = gzsl_report(found, labels, is_seen, seen_penalty).to_dict()
    plain = gzsl_report(found, labels, is_seen, seen_penalty=0).to_dict()
    report |= {f"{name}_without_penalty": plain[name] for name in ("u", "s", "H")}
    return {name: 100 * value for name, value in report.items()}


def mean_and_sd(runs: Sequence[Mapping[str, float]]) -> dict[str, Figure]:
    """Each figure's mean and standard deviation over runs."""
    return {
        name: Figure(float(np.mean(values)), float(np.std(values)))
        for name in runs[0]
        for values in [[run[name] for run in runs]]
    }


def validation_fold(data: Benchmark, seed: int) -> Fold:
    """The data set's own validation classes; rows count within `trainval`."""
    place = {row: index for index, row in enumerate(data.rows["trainval"].tolist())}
    train = np.array([place[row] for row in data.rows["train"].tolist()])
    unseen = np.array([place[row] for row in data.rows["val"].tolist()])
    is_held_out = np.random.default_rng(seed).random(len(train)) < 0.2
    return Fold(train[~is_held_out], train[is_held_out], unseen)
