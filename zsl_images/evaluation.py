"""Evaluation: how well a model tells classes apart, and how its scores are to be read.

Nothing here learns. A model, a class table and features give scores; scores and labels give figures,
a seen penalty and a temperature.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize_scalar
from sklearn.metrics import roc_auc_score
from torch.nn import functional as F

from zsl_images.classes import ClassTable
from zsl_images.errors import DataError
from zsl_images.metrics import (
    SeenUnseenCurve,
    expected_calibration_error,
    harmonic_mean,
    mean_per_class_accuracy,
    per_class_accuracy,
    seen_unseen_curve,
)
from zsl_images.mmvae import MultiModalVAE
from zsl_images.results import ClassAccuracy, Evaluation, GZSLReport
from zsl_images.scoring import class_probabilities, class_scores

Scores = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def scores_of(model: MultiModalVAE, table: ClassTable, features: npt.NDArray[np.float32]) -> Scores:
    """Scores (N, K) of every class of `table` for features (N, D), without a seen penalty."""
    with torch.inference_mode():
        class_priors = model.class_priors(torch.tensor(table.attributes))
        latents = model.latents(torch.tensor(features))
        return class_scores(latents, class_priors).numpy()


def gzsl_report(scores: Scores, labels: Labels, is_seen: Mask, seen_penalty: float) -> GZSLReport:
    """The figures of generalized zero-shot learning.

    Args:
        scores: (N, K), without a seen penalty.
        labels: (N,) column of the true class.
        is_seen: (K,) mask.
        seen_penalty: γ for u, s and H.

    Raises:
        DataError: photos of seen or of unseen classes are lacking.
    """
    of_seen = is_seen[labels]
    if of_seen.all() or not of_seen.any():
        raise DataError(
            f"{int(of_seen.sum())} photos of seen and {int((~of_seen).sum())} of unseen classes; "
            "these figures need both"
        )
    curve = seen_unseen_curve(scores, labels, is_seen)
    seen, unseen = accuracies(scores, labels, is_seen, seen_penalty)
    return GZSLReport(
        T=float(curve.unseen[-1]),
        u=unseen,
        s=seen,
        H=harmonic_mean(seen, unseen),
        best_H=curve.best_harmonic_mean,
        AUSUC=curve.area,
    )


def accuracies(
    scores: Scores, labels: Labels, is_seen: Mask, seen_penalty: float
) -> tuple[float, float]:
    """Per-class top-1 on photos of seen and of unseen classes, all classes being candidates."""
    predicted = (scores - seen_penalty * is_seen).argmax(axis=1)
    of_seen = is_seen[labels]
    return (
        mean_per_class_accuracy(labels[of_seen], predicted[of_seen]),
        mean_per_class_accuracy(labels[~of_seen], predicted[~of_seen]),
    )


def penalty_within(curve: SeenUnseenCurve, max_seen_loss: float) -> float:
    """The γ with the best harmonic mean among those that spare the seen classes.

    Args:
        curve: of validation classes.
        max_seen_loss: how much per-class accuracy on seen classes may fall, 0..1, below what it is
            with the seen classes as the only candidates; 1 lets the harmonic mean alone decide.
    """
    spares = np.flatnonzero(curve.seen >= curve.seen[0] - max_seen_loss)
    highest = curve.penalty[spares[-1] + 1] if spares[-1] + 1 < len(curve.penalty) else np.inf
    return float(min(curve.best_penalty, highest))


def fit_temperature(scores: Scores, labels: Labels) -> float:
    """The temperature with the lowest negative log-likelihood (Guo et al., 2017).

    To the N photos comes an average one that is of the likeliest other class: N photos without a
    mistake do not say that there are none (Laplace's rule of succession).

    Args:
        scores: (N, K), the seen penalty already taken off.
        labels: (N,) column of the true class.
    """
    logits, target = torch.from_numpy(scores), torch.from_numpy(labels)
    other = logits.scatter(1, target[:, None], -torch.inf).argmax(1)

    def loss(log_temperature: float) -> float:
        scaled = logits / float(np.exp(log_temperature))
        return float(F.cross_entropy(scaled, target) + F.cross_entropy(scaled, other) / len(logits))

    spread = float(np.std(scores)) or 1.0
    bounds = (np.log(spread * 1e-4), np.log(spread * 1e2))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def calibration_error(scores: Scores, labels: Labels, temperature: float) -> float:
    """ECE of the top label's probability; the seen penalty already taken off `scores`."""
    probabilities = class_probabilities(torch.from_numpy(scores), temperature).numpy()
    predicted = probabilities.argmax(axis=1)
    return expected_calibration_error(probabilities.max(axis=1), predicted == labels)


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a model says of rows that it did not learn from.

    Args:
        scores: (N, K), without a seen penalty.
        labels: (N,) column of the true class.
        is_seen: (K,) mask.
        distances: (N,), see `scoring.nearest_distances`.
    """

    scores: Scores
    labels: Labels
    is_seen: Mask
    distances: Scores


@dataclass(frozen=True)
class Calibration:
    """How scores become decisions and probabilities, and the figures this gave on validation.

    Args:
        seen_penalty: γ that spares the seen classes, see `penalty_within`.
        balanced_seen_penalty: γ with the best harmonic mean.
        temperature: of the softmax, with `seen_penalty` taken off.
        known_distances: rising quantiles of the squared distance from a held-out photo of a seen
            class to the nearest class centre, see `scoring.unknown_scores`.
        metrics: means over the folds: the `GZSLReport` at the balanced γ, and `seen_accuracy` and
            `unseen_accuracy` at the default one; and the `ECE` of the held-out photos at this one.
    """

    seen_penalty: float = 0.0
    balanced_seen_penalty: float = 0.0
    temperature: float = 1.0
    known_distances: tuple[float, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)


def calibrate(outcomes: Sequence[Outcome], held_out: Outcome, max_seen_loss: float) -> Calibration:
    """Choose γ on validation folds, and the temperature and known distances on photos of seen classes.

    Args:
        outcomes: of each fold, with photos of seen and pseudo-unseen classes.
        held_out: of photos of seen classes, held out of a training with the table as it is, so that
            there are as many classes, and of the same kinds, as in the training that it stands for.
        max_seen_loss: see `penalty_within`.
    """
    curves = [seen_unseen_curve(o.scores, o.labels, o.is_seen) for o in outcomes]
    balanced = float(np.mean([curve.best_penalty for curve in curves]))
    default = float(np.mean([penalty_within(curve, max_seen_loss) for curve in curves]))
    scores = held_out.scores - default * held_out.is_seen
    temperature = fit_temperature(scores, held_out.labels)
    figures = [gzsl_report(o.scores, o.labels, o.is_seen, balanced).to_dict() for o in outcomes]
    for figure, o in zip(figures, outcomes, strict=True):
        seen, unseen = accuracies(o.scores, o.labels, o.is_seen, default)
        figure |= {"seen_accuracy": seen, "unseen_accuracy": unseen}
    metrics = {name: float(np.mean([figure[name] for figure in figures])) for name in figures[0]}
    metrics["ECE"] = calibration_error(scores, held_out.labels, temperature)
    quantiles = np.quantile(held_out.distances, np.linspace(0, 1, 101))
    return Calibration(default, balanced, temperature, tuple(map(float, quantiles)), metrics)


def assess(
    scores: Scores,
    labels: Labels,
    table: ClassTable,
    *,
    seen_penalty: float,
    temperature: float,
    min_confidence: float = 0.0,
    distances: tuple[Scores, Scores] | None = None,
) -> Evaluation:
    """All figures of labelled photos.

    Args:
        scores: (N, K), without a seen penalty.
        labels: (N,) column of the true class.
        table: the K candidates.
        seen_penalty: γ.
        temperature: of the softmax.
        min_confidence: below this probability there is no answer.
        distances: of these N photos and of M photos of classes that are no candidates, each to the
            nearest class, see `scoring.nearest_distances`.
    """
    is_seen = table.is_seen
    penalised = scores - seen_penalty * is_seen
    predicted, of_seen = penalised.argmax(axis=1), is_seen[labels]
    is_right = predicted == labels
    top5 = np.argsort(-penalised, axis=1)[:, :5]
    in_top5 = np.where((top5 == labels[:, None]).any(axis=1), labels, -1)
    probabilities = class_probabilities(torch.from_numpy(penalised), temperature).numpy()
    is_answered = probabilities.max(axis=1) >= min_confidence
    seen, unseen = accuracies(scores, labels, is_seen, seen_penalty)
    figures = {
        "seen_accuracy": seen,
        "unseen_accuracy": unseen,
        "per_class": mean_per_class_accuracy(labels, predicted),
        "per_image": float(is_right.mean()),
        "top5": mean_per_class_accuracy(labels, in_top5),
        "ECE": calibration_error(penalised, labels, temperature),
        "coverage": float(is_answered.mean()),
        "answered_accuracy": float(is_right[is_answered].mean()) if is_answered.any() else np.nan,
    }
    curve: tuple[tuple[float, float, float], ...] = ()
    if of_seen.any() and not of_seen.all():
        figures |= gzsl_report(scores, labels, is_seen, seen_penalty).to_dict()
        among_unseen = np.where(is_seen, -np.inf, scores).argmax(axis=1)
        s, u = float(is_right[of_seen].mean()), float(is_right[~of_seen].mean())
        figures |= {
            "T_per_image": float((among_unseen == labels)[~of_seen].mean()),
            "u_per_image": u,
            "s_per_image": s,
            "H_per_image": harmonic_mean(s, u),
        }
        curve = seen_unseen_curve(scores, labels, is_seen).points()
    if distances is not None:
        is_unknown = np.repeat([False, True], list(map(len, distances)))
        figures["unknown_AUROC"] = float(roc_auc_score(is_unknown, np.concatenate(distances)))
    pairs = Counter(zip(labels[~is_right].tolist(), predicted[~is_right].tolist(), strict=True))
    return Evaluation(
        {name: value for name, value in figures.items() if not np.isnan(value)},
        tuple(
            ClassAccuracy(table.names[k], bool(is_seen[k]), int((labels == k).sum()), accuracy)
            for k, accuracy in per_class_accuracy(labels, predicted).items()
        ),
        tuple((table.names[k], table.names[j], count) for (k, j), count in pairs.most_common()),
        curve,
    )


@dataclass(frozen=True)
class Fold:
    """Rows and classes of one validation: some seen classes play unseen ones.

    Args:
        train: rows to learn from, all of classes that stay seen.
        seen: rows held out of those same classes.
        unseen: all rows of the pseudo-unseen classes; none where photos alone are held out.
    """

    train: Labels
    seen: Labels
    unseen: Labels


def make_folds(
    labels: Labels, count: int, generator: np.random.Generator, held_out: float = 0.2
) -> list[Fold]:
    """Folds for validation: each plays another fifth of the classes as unseen.

    Args:
        labels: (N,) class of each row.
        count: folds, at most five.
        generator: of the random choice.
        held_out: share of each seen class's rows that is not learned from.

    Raises:
        DataError: fewer than five classes, or no class with three photos.
    """
    classes = generator.permutation(np.unique(labels))
    if len(classes) < 5:
        raise DataError(
            f"{len(classes)} classes with photos, expected at least 5 to play some of them as unseen; "
            "add classes, or train without validation"
        )
    return [hold_out(labels, generator, classes[which::5], held_out) for which in range(count)]


def hold_out(
    labels: Labels, generator: np.random.Generator, unseen: Labels, held_out: float = 0.2
) -> Fold:
    """A fold that holds out a share of each seen class's rows, and all of the pseudo-unseen classes.

    Args:
        labels: (N,) class of each row.
        generator: of the random choice.
        unseen: the pseudo-unseen classes; may be none.
        held_out: the share.

    Raises:
        DataError: no class has enough photos for one to be held out.
    """
    is_unseen = np.isin(labels, unseen)
    is_held_out = np.zeros(len(labels), bool)
    for label in np.unique(labels[~is_unseen]):
        rows = generator.permutation(np.flatnonzero(labels == label))
        is_held_out[rows[: round(len(rows) * held_out)]] = True
    if not is_held_out.any():
        raise DataError("too few photos a class to hold any out; add photos")
    is_learned = ~is_unseen & ~is_held_out
    return Fold(*map(np.flatnonzero, (is_learned, is_held_out, is_unseen)))
