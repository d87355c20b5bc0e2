"""Compare ways to choose the seen penalty γ and the temperature, on folds of seen classes.

    python tests/benchmarks/calibrations.py DATASET_DIR... [--recipe best] [--seeds 1]

Test rows are not used. Four folds of a quarter of the seen classes each play the test: these classes
are unseen, and a fifth of the other photos is held out. Each way only sees what `zsl train` sees, which
is three validations and one training that holds out photos, all of them within the fold's other rows.
Means over folds and seeds in per cent. `gain` is the mean difference in H from the first way, with its
standard error.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import cross_entropy

from zsl_images.defaults import DEFAULT_RECIPE, FOLDS
from zsl_images.evaluation.xlsa17 import Benchmark, read_xlsa17
from zsl_images.head.calibration import Outcome, calibration_error, fit_temperature
from zsl_images.head.fit import train_on_features
from zsl_images.head.folds import Fold, hold_out, make_folds
from zsl_images.head.head import Head
from zsl_images.head.unseen_share import penalty_for_share
from zsl_images.metrics import (
    Labels,
    accuracies,
    harmonic_mean,
    mean_per_class_accuracy,
    seen_unseen_curve,
    turning_points,
)

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Trial:
    """What a way may see, and what it is judged by.

    Args:
        validations: Photos of seen and of pseudo-unseen classes.
        held_out: Photos of seen classes, with all classes as candidates.
        test: Photos of seen and of unseen classes.
        head: The head that is tested.
    """

    validations: Sequence[Outcome]
    held_out: Outcome
    test: Outcome
    head: Head


def trials(data: Benchmark, recipe: str, seeds: int) -> Iterator[Trial]:
    """One per fold and seed."""
    rows = data.rows["trainval"]
    features, names = data.features[rows], [data.table.names[k] for k in data.labels[rows]]
    table = data.table.select(list(data.table.seen_names))
    labels = np.array([table.names.index(name) for name in names])
    classes = np.random.default_rng(7).permutation(len(table))

    def outcome(within: Labels, fold: Fold, seed: int, *, all_classes: bool) -> tuple[Outcome, Head]:
        """Train on a fold of the rows `within`, and score what it holds out."""
        train, rest = within[fold.train], within[np.concatenate([fold.seen, fold.unseen])]
        kept = np.arange(len(table)) if all_classes else np.unique(labels[within])
        part = table.select([table.names[k] for k in kept])
        part = part.with_seen([table.names[k] for k in np.unique(labels[train])])
        column = np.searchsorted(kept, labels)
        head = train_on_features(
            features[train], column[train], part, recipe=recipe, seed=seed, folds=0
        )
        scores, distances = head.scores(part, features[rest]), head.distances(part, features[rest])
        return Outcome(scores, column[rest], part.is_seen, distances), head

    for which in range(4):
        for seed in range(seeds):
            generator = np.random.default_rng(100 + which)
            outer = hold_out(labels, generator, classes[which::4])
            every, within = np.arange(len(labels)), outer.train
            inner = make_folds(labels[within], FOLDS, np.random.default_rng(seed))
            photos = hold_out(labels[within], np.random.default_rng(seed), np.empty(0, np.int64))
            yield Trial(
                [outcome(within, fold, seed, all_classes=False)[0] for fold in inner],
                outcome(within, photos, seed, all_classes=True)[0],
                *outcome(every, outer, seed, all_classes=True),
            )


def best_in_validation(trial: Trial) -> float:
    """The mean of the γ with the highest H in each validation."""
    return float(np.mean([best_penalty(o) for o in trial.validations]))


def same_photos_moved(trial: Trial) -> float:
    """The γ that moves the same share of held-out seen photos to unseen classes as those do."""
    shares = [np.mean(seen_points(o) < best_penalty(o)) for o in trial.validations]
    return float(np.quantile(seen_points(trial.held_out), np.mean(shares)))


def same_accuracy_lost(trial: Trial) -> float:
    """The γ that costs held-out seen photos the same share of their accuracy as those do."""
    kept = np.mean([accuracy(o, best_penalty(o)) / accuracy(o, None) for o in trial.validations])
    left = kept * accuracy(trial.held_out, None)
    points = seen_points(trial.held_out)
    return float(max(p for p in points if p == points[0] or accuracy(trial.held_out, p) >= left))


def true_share(trial: Trial) -> float:
    """γ by the true share of photos of unseen classes, see `unseen_share.penalty_for_share`."""
    share = np.mean(~trial.test.is_seen[trial.test.labels])
    return penalty_for_share(trial.head, trial.head.table, float(share))


def none(trial: Trial) -> float:
    """No seen penalty."""
    return 0.0


def best_penalty(outcome: Outcome) -> float:
    """The γ with the highest H."""
    return seen_unseen_curve(outcome.scores, outcome.labels, outcome.is_seen).best_penalty


def seen_points(outcome: Outcome) -> Points:
    """For each photo of a seen class the γ above which its label is unseen, rising."""
    of_seen = outcome.is_seen[outcome.labels]
    return np.sort(turning_points(outcome.scores[of_seen], outcome.is_seen))


def accuracy(outcome: Outcome, penalty: float | None) -> float:
    """Per-class accuracy of photos of seen classes, among all classes or, without γ, seen ones."""
    of_seen = outcome.is_seen[outcome.labels]
    scores = outcome.scores[of_seen] - (penalty or 0) * outcome.is_seen
    if penalty is None:
        scores = np.where(outcome.is_seen, scores, -np.inf)
    return mean_per_class_accuracy(outcome.labels[of_seen], scores.argmax(1))


PENALTIES: dict[str, Callable[[Trial], float]] = {
    "best H in validation": best_in_validation,
    "same share of seen photos moved": same_photos_moved,
    "same share of seen accuracy lost": same_accuracy_lost,
    "true share of unseen photos": true_share,
    "none": none,
}


def held_out_photos(trial: Trial, penalty: float) -> float:
    """Held-out photos of seen classes, with Laplace's rule, see `fit_temperature`."""
    o = trial.held_out
    return fit_temperature(o.scores - penalty * o.is_seen, o.labels)


def validation_photos(trial: Trial, penalty: float) -> float:
    """Photos of seen and of pseudo-unseen classes: the mean over the validations."""
    scores = [(o.scores - penalty * o.is_seen, o.labels) for o in trial.validations]
    return float(np.exp(np.mean([np.log(fit_temperature(*pair)) for pair in scores])))


def halfway(trial: Trial, penalty: float) -> float:
    """The geometric mean of both."""
    return (held_out_photos(trial, penalty) * validation_photos(trial, penalty)) ** 0.5


def without_laplace(trial: Trial, penalty: float) -> float:
    """Held-out photos of seen classes: the temperature with the highest likelihood alone."""
    o = trial.held_out
    logits, target = torch.from_numpy(o.scores - penalty * o.is_seen), torch.from_numpy(o.labels)
    grid = np.geomspace(1e-3, 1e2, 400)
    return float(min(grid, key=lambda t: float(cross_entropy(logits / t, target))))


TEMPERATURES: dict[str, Callable[[Trial, float], float]] = {
    "held-out photos, Laplace's rule": held_out_photos,
    "held-out photos": without_laplace,
    "validation photos, Laplace's rule": validation_photos,
    "halfway": halfway,
}


def figures(trial: Trial, penalty: float, temperature: float) -> dict[str, float]:
    """Accuracies and calibration errors on the fold that plays the test, in per cent."""
    o = trial.test
    seen, unseen = accuracies(o.scores, o.labels, o.is_seen, penalty)
    of_seen, scores = o.is_seen[o.labels], o.scores - penalty * o.is_seen
    found = {"u": unseen, "s": seen, "H": harmonic_mean(seen, unseen)}
    for name, rows in (("seen", of_seen), ("unseen", ~of_seen), ("both", of_seen | ~of_seen)):
        found[f"ECE {name}"] = calibration_error(scores[rows], o.labels[rows], temperature)
    return {name: 100 * value for name, value in found.items()}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("datasets", type=Path, nargs="+")
    parser.add_argument("--recipe", default=DEFAULT_RECIPE)
    parser.add_argument("--seeds", type=int, default=1)
    arguments = parser.parse_args()
    print("| set | γ | temperature | u | s | H | ECE seen | ECE unseen | ECE both | gain |")
    print(f"|{'---|' * 10}", flush=True)
    for folder in arguments.datasets:
        data = read_xlsa17(folder)
        found = list(trials(data, arguments.recipe, arguments.seeds))
        for what, choose in PENALTIES.items():
            penalties = [choose(trial) for trial in found]
            for which, fit in TEMPERATURES.items():
                rows = [
                    figures(trial, penalty, fit(trial, penalty))
                    for trial, penalty in zip(found, penalties, strict=True)
                ]
                harmonic = np.array([row["H"] for row in rows])
                if what == next(iter(PENALTIES)):
                    first = harmonic
                gain = harmonic - first
                means = " | ".join(f"{np.mean([row[name] for row in rows]):.1f}" for name in rows[0])
                error = gain.std() / len(gain) ** 0.5
                print(
                    f"| {data.name} | {what} | {which} | {means} | {gain.mean():.1f} ± {error:.1f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
