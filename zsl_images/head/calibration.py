"""Calibration: how the scores of a model become decisions and probabilities.

The model stays as it is. Scores and labels of photos that it did not learn from give a seen penalty, a
temperature, and the figures of a validation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from zsl_images.metrics import (
    Labels,
    Mask,
    Scores,
    SeenUnseenCurve,
    accuracies,
    expected_calibration_error,
    gzsl_report,
    seen_unseen_curve,
)
from zsl_images.model.scoring import class_probabilities


def penalty_within(curve: SeenUnseenCurve, max_seen_loss: float) -> float:
    """The γ with the best harmonic mean among those that cost seen classes little enough.

    Args:
        curve: Seen-unseen curve of validation classes.
        max_seen_loss: Largest loss of per-class accuracy on seen classes, 0..1, compared with the seen
            classes as the only candidates; with 1 the harmonic mean alone decides.
    """
    spares = np.flatnonzero(curve.seen >= curve.seen[0] - max_seen_loss)
    highest = curve.penalty[spares[-1] + 1] if spares[-1] + 1 < len(curve.penalty) else np.inf
    return float(min(curve.best_penalty, highest))


def fit_temperature(scores: Scores, labels: Labels) -> float:
    """The temperature with the lowest negative log-likelihood (Guo et al., 2017).

    One average photo is added whose true class is the likeliest wrong one, because N photos without a
    mistake do not prove that mistakes never happen (Laplace's rule of succession).

    Args:
        scores: Scores (N, K) less the seen penalty.
        labels: Column of the true class, (N,).
    """
    from scipy.optimize import minimize_scalar  # takes long to import, and answers do without
    from scipy.special import log_softmax

    rows, others = np.arange(len(scores)), scores.copy()
    others[rows, labels] = -np.inf
    other = others.argmax(axis=1)

    def loss(log_temperature: float) -> float:
        log_likelihoods = log_softmax(scores / float(np.exp(log_temperature)), axis=1)
        right, wrong = (log_likelihoods[rows, columns].mean() for columns in (labels, other))
        return -float(right + wrong / len(scores))

    spread = float(np.std(scores)) or 1.0
    bounds = (np.log(spread * 1e-4), np.log(spread * 1e2))
    return float(np.exp(minimize_scalar(loss, bounds=bounds, method="bounded").x))


def calibration_error(scores: Scores, labels: Labels, temperature: float) -> float:
    """ECE of the likeliest class's probability, from scores less the seen penalty."""
    probabilities = class_probabilities(scores, temperature)
    predicted = probabilities.argmax(axis=1)
    return expected_calibration_error(probabilities.max(axis=1), predicted == labels)


@dataclass(frozen=True, eq=False)
class Outcome:
    """Scores of rows that the model did not learn from.

    Args:
        scores: Scores (N, K) without a seen penalty.
        labels: Column of the true class, (N,).
        is_seen: Mask of the seen classes, (K,).
        distances: Distance to the nearest class (N,), see `Head.distances`.
        share: Share of the steps of generate-and-learn that led to the model, see `RollBack`.
    """

    scores: Scores
    labels: Labels
    is_seen: Mask
    distances: Scores
    share: float = 1.0


@dataclass(frozen=True)
class Calibration:
    """How scores become decisions and probabilities, and how good they were in validation.

    Photos of *known* classes are held-out photos of seen classes and, apart, photos of classes that
    played unseen in the folds, as the class of a label is seen or not.

    Args:
        seen_penalty: Default γ, which costs seen classes little, see `penalty_within`.
        balanced_seen_penalty: γ with the best harmonic mean.
        temperature: Temperature of the softmax over scores less `seen_penalty`.
        known_distances: Rising distances of held-out photos of seen classes, see `Head.distances`.
        unseen_distances: The same for classes that played unseen; those of seen ones if empty.
        outside_weight: What lies outside the axes of the head counts in these distances, see `Outside`.
        seen_misfits: Rising misfits (1 - probability of the true class) of held-out photos of seen
            classes, see `label_sets`.
        unseen_misfits: The same for classes that played unseen.
        metrics: Means over the folds: the figures of `gzsl_report` at the balanced γ, and
            `seen_accuracy` and `unseen_accuracy` at the default one. Also the `ECE` of the held-out
            photos at the default γ.
        uses_photos: Whether all this comes from photos; else it comes from generated features.
    """

    seen_penalty: float = 0.0
    balanced_seen_penalty: float = 0.0
    temperature: float = 1.0
    known_distances: tuple[float, ...] = ()
    unseen_distances: tuple[float, ...] = ()
    outside_weight: float = 0.0
    seen_misfits: tuple[float, ...] = ()
    unseen_misfits: tuple[float, ...] = ()
    metrics: Mapping[str, float] = field(default_factory=dict)
    uses_photos: bool = True

    @property
    def is_of_photos(self) -> bool:
        """Whether it was measured on photos. A head without photos is calibrated to generated features,
        which lie nearer to their classes than photos do; so they say of none that it is unknown.
        """
        return bool(self.metrics or self.seen_misfits)

    def unknown_scores(self, distances: Scores, is_seen: Mask) -> npt.NDArray[np.float32]:
        """How far photos lie from every candidate, compared with photos of known classes.

        Args:
            distances: Distance to the nearest candidate, (N,).
            is_seen: Whether the head learned the class of a photo's label from photos, (N,).

        Returns:
            (N,), 0 to 1: the share of known photos that lie nearer to a class than this one does; NaN
            if the head was not validated. Near 1 the photo shows none of the candidates, or nothing
            that the head recognises.
        """
        if not self.known_distances:
            return np.full(len(distances), np.nan, np.float32)
        of_seen = share_below(self.known_distances, distances)
        of_unseen = share_below(self.unseen_distances or self.known_distances, distances)
        return np.where(is_seen, of_seen, of_unseen)


def share_below(known: Sequence[float], values: Scores) -> npt.NDArray[np.float32]:
    """The share of known values that are smaller, as if each value were among them: (N,) → (N,).

    M known values give M / (M + 1) at most. So few of them never show that a value is extreme.
    """
    below = np.searchsorted(np.array(known, values.dtype), values)
    return (below / (len(known) + 1)).astype(np.float32)


_KEPT = 400
"""Number of rising values that say how the values of many photos are spread."""


def spread_of(values: Scores) -> tuple[float, ...]:
    """Values in rising order; of many, quantiles at equal steps, such that `share_below` stays."""
    if len(values) > _KEPT:
        at = np.arange(1, _KEPT + 1) / (_KEPT + 1) * (len(values) + 1) - 1
        values = np.sort(values)[np.ceil(at).astype(int).clip(0, len(values) - 1)]
    return tuple(map(float, np.sort(values)))


def calibrate(outcomes: Sequence[Outcome], held_out: Outcome, max_seen_loss: float) -> Calibration:
    """Choose γ on validation folds, and the temperature and known distances on held-out photos.

    Args:
        outcomes: One per fold, with photos of seen and pseudo-unseen classes.
        held_out: Photos of seen classes, held out of a training with the whole table. So there are as
            many classes, and of the same kinds, as in the final training.
        max_seen_loss: See `penalty_within`.
    """
    curves = [seen_unseen_curve(o.scores, o.labels, o.is_seen) for o in outcomes]
    balanced = float(np.mean([curve.best_penalty for curve in curves]))
    default = float(np.mean([penalty_within(curve, max_seen_loss) for curve in curves]))
    scores = held_out.scores - default * held_out.is_seen
    temperature = fit_temperature(scores, held_out.labels)
    figures = [gzsl_report(o.scores, o.labels, o.is_seen, balanced) for o in outcomes]
    for figure, o in zip(figures, outcomes, strict=True):
        seen, unseen = accuracies(o.scores, o.labels, o.is_seen, default)
        figure |= {"seen_accuracy": seen, "unseen_accuracy": unseen}
    metrics = {name: float(np.mean([figure[name] for figure in figures])) for name in figures[0]}
    metrics["ECE"] = calibration_error(scores, held_out.labels, temperature)
    plays_unseen = [~o.is_seen[o.labels] for o in outcomes]
    pairs = list(zip(outcomes, plays_unseen, strict=True))
    unseen_misfits = [misfits(o, default, temperature)[rows] for o, rows in pairs]
    return Calibration(
        seen_penalty=default,
        balanced_seen_penalty=balanced,
        temperature=temperature,
        known_distances=spread_of(held_out.distances),
        unseen_distances=spread_of(np.concatenate([o.distances[rows] for o, rows in pairs])),
        seen_misfits=spread_of(misfits(held_out, default, temperature)),
        unseen_misfits=spread_of(np.concatenate(unseen_misfits)),
        metrics=metrics,
    )


def misfits(outcome: Outcome, seen_penalty: float, temperature: float) -> Scores:
    """1 - probability of the true class of each photo, (N,)."""
    scores = outcome.scores - seen_penalty * outcome.is_seen
    probabilities = class_probabilities(scores, temperature)
    found: Scores = 1 - probabilities[np.arange(len(scores)), outcome.labels]
    return found
