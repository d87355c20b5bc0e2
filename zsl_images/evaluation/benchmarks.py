"""Benchmarks: recipes run on data sets by the field's protocol (Xian et al., TPAMI 2019)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from zsl_images.defaults import CPU
from zsl_images.errors import DataError
from zsl_images.evaluation.benchmark_results import BenchmarkResult, mean_and_sd
from zsl_images.evaluation.figures import Evaluation, assess
from zsl_images.evaluation.paper import PAPER, PAPER_CONVENTIONAL, PAPER_STEPS
from zsl_images.evaluation.xlsa17 import Benchmark
from zsl_images.features.devices import learning_device, resolve_device
from zsl_images.head.fit import train_on_features
from zsl_images.head.folds import Fold, make_folds
from zsl_images.head.head import Head
from zsl_images.head.row_classes import RowClasses
from zsl_images.metrics import gzsl_report, mean_per_class_accuracy
from zsl_images.model.config import Recipe
from zsl_images.model.recipes import recipe_named
from zsl_images.progress import OnStep


def run(
    data: Benchmark,
    recipe_name: str,
    seeds: int,
    is_conventional: bool = False,
    with_calibration: bool = False,
    rows: RowClasses | None = None,
    device: str = CPU,
    on_step: OnStep | None = None,
) -> BenchmarkResult:
    """Run a recipe on a data set, with everything chosen on validation rows.

    The seen penalty γ is the one with the best harmonic mean in validation: trained on four fifths of
    `train`, measured on the last fifth and on `val`. Another training holds out photos for the
    temperature. Then the head is trained on `trainval`, and the test rows are used once.

    In the conventional setting (the paper's table 1), training uses all photos of seen classes, only
    unseen classes are candidates, and T is the only figure of accuracy. With calibration, the figures
    of `calibration_on_test` are added, which takes more trainings.

    Args:
        data: Data set.
        recipe_name: Name of one of `recipes.RECIPES`.
        seeds: Number of runs.
        is_conventional: Whether this is the conventional setting.
        with_calibration: Whether to measure calibration.
        rows: Classes that the backbone's own classifier knows, see `benchmark_rows.rows_for`.
        device: Device that learns: `auto`, or the name of a torch device; Apple's MPS cannot.
        on_step: Called with each record of progress.

    Raises:
        BackboneError: The device is not in this machine.
        DataError: There is no such recipe, or calibration is asked for in the conventional setting,
            which leaves no test photos of seen classes.
    """
    recipe = recipe_for(data, recipe_name)
    if is_conventional and with_calibration:
        raise DataError(
            "in the conventional setting no photo of a seen class is left to measure calibration with; "
            "ask for one of the two"
        )
    device = learning_device(resolve_device(device))
    runs, heads = [], []
    for seed in range(seeds):
        start = time.perf_counter()
        head = trained_head(data, recipe_name, seed, is_conventional, rows, device, on_step)
        seconds = time.perf_counter() - start
        figures = _figures_of(head, data, is_conventional)
        if with_calibration:
            figures |= calibration_on_test(data, recipe, seed, rows, device, on_step)
        runs.append({**figures, "seconds": seconds})
        heads.append(head)
    key = (recipe_name, data.name.upper())
    return BenchmarkResult(
        recipe=recipe_name,
        dataset=data.name,
        seeds=tuple(range(seeds)),
        figures=mean_and_sd(runs),
        heads=tuple(heads),
        is_conventional=is_conventional,
        row_classes=len(rows) if rows else 0,
        paper=PAPER_CONVENTIONAL.get(key) if is_conventional else PAPER.get(key),
    )


def recipe_for(data: Benchmark, name: str) -> Recipe:
    """The recipe of that name; one of the paper's has the paper's number of steps for the data set.

    A validation learns from fewer rows than `trainval`, and takes fewer steps in proportion.

    Raises:
        DataError: There is no such recipe.
    """
    recipe = recipe_named(name)
    if not recipe.is_papers or data.name.upper() not in PAPER_STEPS:
        return recipe
    steps_per_epoch = len(data.rows["trainval"]) / recipe.training.batch_size
    warm_up, learn = (steps / steps_per_epoch for steps in PAPER_STEPS[data.name.upper()])
    learn *= recipe.training.learn_epochs > 0  # the plain mmVAE has warm-up alone
    training = replace(recipe.training, warm_up_epochs=warm_up, learn_epochs=learn)
    return replace(recipe, training=training)


def evaluate_on_test(head: Head, data: Benchmark, seen_penalty: float) -> Evaluation:
    """All figures of a head on the test rows of a data set.

    Args:
        head: Head trained on features and attributes of the same widths.
        data: Data set; its table gives the candidates.
        seen_penalty: γ.

    Raises:
        DataError: The widths differ.
    """
    config = head.config
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
        temperature=head.calibration.temperature,
    )


def trained_head(
    data: Benchmark,
    recipe_name: str,
    seed: int,
    is_conventional: bool = False,
    rows: RowClasses | None = None,
    device: str = CPU,
    on_step: OnStep | None = None,
) -> Head:
    """A head trained on the rows that the setting allows, see `run`.

    Raises:
        DataError: There is no such recipe.
    """
    recipe = recipe_for(data, recipe_name)
    learned, folds = data.rows["trainval"], [validation_fold(data, seed)]
    if is_conventional:
        learned, folds = np.concatenate([learned, data.rows["test_seen"]]), []
    return train_on_features(
        data.features[learned],
        data.labels[learned],
        data.table,
        rows=rows,
        recipe=recipe,
        seed=seed,
        folds=folds,
        max_seen_loss=1,  # γ balances seen and unseen classes, and the temperature goes with it
        device=device,
        on_step=on_step,
    )


def _figures_of(head: Head, data: Benchmark, is_conventional: bool) -> dict[str, float]:
    """Figures of a head on the test rows, and what its validation chose."""

    def scores(rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        return head.scores(data.table, data.features[rows])

    chosen = head.calibration
    figures = figures_on_test(data, scores, chosen.seen_penalty, is_conventional)
    if not is_conventional:
        figures |= {"seen_penalty": chosen.seen_penalty, "temperature": chosen.temperature}
    return figures


def figures_on_test(
    data: Benchmark,
    scores: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]],
    seen_penalty: float,
    is_conventional: bool = False,
) -> dict[str, float]:
    """Figures on the test rows, in per cent; call this once, after everything is chosen.

    Args:
        data: Data set.
        scores: Rows → scores (N, K) of any method.
        seen_penalty: γ, chosen on validation rows.
        is_conventional: Whether T is the only figure.
    """
    names = ("test_unseen",) if is_conventional else ("test_seen", "test_unseen")
    rows = np.concatenate([data.rows[name] for name in names])
    labels, is_seen, found = data.labels[rows], data.table.is_seen, scores(rows)
    if is_conventional:
        predicted = np.where(is_seen, -np.inf, found).argmax(axis=1)
        return {"T": 100 * mean_per_class_accuracy(labels, predicted)}
    report = gzsl_report(found, labels, is_seen, seen_penalty)
    plain = gzsl_report(found, labels, is_seen, seen_penalty=0)
    report |= {f"{name}_without_penalty": plain[name] for name in ("u", "s", "H")}
    return {name: 100 * value for name, value in report.items()}


def calibration_on_test(
    data: Benchmark,
    recipe: Recipe,
    seed: int,
    rows: RowClasses | None = None,
    device: str = CPU,
    on_step: OnStep | None = None,
) -> dict[str, float]:
    """How far probabilities and the unknown score can be trusted, in per cent.

    A head is trained as `zsl train` does it, but with only the seen classes in its table. ECE is
    measured on the test photos of seen classes. unknown_AUROC says how well the distance to the
    nearest class separates them from the test photos of unseen classes, which are no candidates here.
    """
    learned = data.rows["trainval"]
    table = data.table.select(data.table.seen_names)
    labels = np.searchsorted(np.flatnonzero(data.table.is_seen), data.labels)
    head = train_on_features(
        data.features[learned],
        labels[learned],
        table,
        rows=rows,
        recipe=recipe,
        seed=seed,
        device=device,
        on_step=on_step,
    )
    seen, unseen = (data.features[data.rows[name]] for name in ("test_seen", "test_unseen"))
    report = assess(
        head.scores(head.table, seen),
        labels[data.rows["test_seen"]],
        head.table,
        seen_penalty=head.calibration.seen_penalty,
        temperature=head.calibration.temperature,
        distances=(head.distances(head.table, seen), head.distances(head.table, unseen)),
    )
    return {name: 100 * report.figures[name] for name in ("ECE", "unknown_AUROC")}


def validation_fold(data: Benchmark, seed: int) -> Fold:
    """The fold of the data set's own validation classes, or of a random fifth if it has no `val`.

    Its rows are counted in `trainval`.
    """
    if "val" not in data.rows:
        labels = data.labels[data.rows["trainval"]]
        return make_folds(labels, 1, np.random.default_rng(seed))[0]
    place = {row: index for index, row in enumerate(data.rows["trainval"].tolist())}
    train = np.array([place[row] for row in data.rows["train"].tolist()])
    unseen = np.array([place[row] for row in data.rows["val"].tolist()])
    is_held_out = np.random.default_rng(seed).random(len(train)) < 0.2
    return Fold(train[~is_held_out], train[is_held_out], unseen)
