"""Figures: what is measured on photos whose scores and true classes are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from zsl_images.classes.class_table import ClassTable
from zsl_images.head.calibration import calibration_error
from zsl_images.metrics import (
    Labels,
    Mask,
    Scores,
    accuracies,
    gzsl_report,
    harmonic_mean,
    mean_per_class_accuracy,
    per_class_accuracy,
    seen_unseen_curve,
)
from zsl_images.model.scoring import class_probabilities
from zsl_images.results import Failure

SHOWN_MISTAKES = 4
"""Photos per pair of classes that an evaluation names."""


@dataclass(frozen=True)
class ClassAccuracy:
    """Top-1 accuracy (0..1) on the photos of one class."""

    label: str
    is_seen: bool
    photos: int
    accuracy: float


@dataclass(frozen=True)
class Evaluation:
    """Figures of a head on labelled photos.

    Args:
        figures: Name → figure, each 0..1, with all classes of the table as candidates:

            - `seen_accuracy`, `unseen_accuracy`: per-class top-1, if there are such photos
            - `per_class`, `per_image`, `top5`: top-1 and top-5 (per class) of all photos
            - `ECE`: calibration error of the likeliest class's probability
            - `seen_ECE`, `unseen_ECE`: that of photos of seen and of unseen classes, if there are both
            - `coverage`, `answered_accuracy`: share of photos whose probability reaches the minimum
              confidence, and accuracy of their labels
            - the figures of `gzsl_report`, and T, u, s and H `_per_image`, if there are photos of
              seen and of unseen classes
            - `unknown_AUROC`, if there are photos of other classes
        per_class: Accuracy of each class, in the order of the class table.
        confusions: (true class, label, photos), the most frequent first.
        curve: Up to 101 points (seen penalty, s, u) of the seen-unseen curve; empty unless there are
            photos of seen and of unseen classes.
        failures: Photos that could not be read.
        reliability: (mean probability, accuracy, photos) of the labels of each tenth of probability, as
            far as there are some.
        mistakes: (path, true class, label) of some wrongly labelled photos, up to `SHOWN_MISTAKES` per
            pair of classes, if the paths are known.
    """

    figures: Mapping[str, float]
    per_class: tuple[ClassAccuracy, ...]
    confusions: tuple[tuple[str, str, int], ...] = ()
    curve: tuple[tuple[float, float, float], ...] = ()
    failures: tuple[Failure, ...] = ()
    reliability: tuple[tuple[float, float, int], ...] = ()
    mistakes: tuple[tuple[str, str, str], ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The fields of the JSON output."""
        return asdict(self)


def assess(
    scores: Scores,
    labels: Labels,
    table: ClassTable,
    *,
    seen_penalty: float,
    temperature: float,
    is_seen: Mask | None = None,
    min_confidence: float = 0.0,
    distances: tuple[Scores, Scores] | None = None,
    paths: Sequence[str] | None = None,
) -> Evaluation:
    """All figures of labelled photos.

    Args:
        scores: Scores (N, K) without a seen penalty.
        labels: Column of the true class, (N,).
        table: The K candidates.
        seen_penalty: γ.
        temperature: Temperature of the softmax.
        is_seen: Mask of the classes that count as seen, (K,). Default: those of the table.
        min_confidence: Probability below which a photo gets no label.
        distances: Distance to the nearest class of these N photos, and of M photos of other classes,
            see `scoring.nearest_distances`.
        paths: Path of each of the N photos, to name those that are labelled wrongly.
    """
    is_seen = table.is_seen if is_seen is None else is_seen
    of_seen = is_seen[labels]
    penalised = scores - seen_penalty * is_seen
    predicted = penalised.argmax(axis=1)
    is_right = predicted == labels
    seen, unseen = accuracies(scores, labels, is_seen, seen_penalty)
    figures = {
        "seen_accuracy": seen,
        "unseen_accuracy": unseen,
        "per_class": mean_per_class_accuracy(labels, predicted),
        "per_image": float(is_right.mean()),
        **_of_probabilities(penalised, labels, temperature, min_confidence),
    }
    curve: tuple[tuple[float, float, float], ...] = ()
    if of_seen.any() and not of_seen.all():
        figures |= gzsl_report(scores, labels, is_seen, seen_penalty)
        figures |= _per_image(scores, labels, is_seen, is_right)
        for kind, rows in (("seen", of_seen), ("unseen", ~of_seen)):
            figures[f"{kind}_ECE"] = calibration_error(penalised[rows], labels[rows], temperature)
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
        reliability=_reliability(penalised, labels, temperature),
        mistakes=_mistakes(paths, labels, predicted, table.names) if paths is not None else (),
    )


def _mistakes(
    paths: Sequence[str], labels: Labels, predicted: Labels, names: Sequence[str]
) -> tuple[tuple[str, str, str], ...]:
    """Path, true class and label of the first photos of each confusion."""
    counts: Counter[tuple[int, int]] = Counter()
    found = []
    for path, k, j in zip(paths, labels.tolist(), predicted.tolist(), strict=True):
        if k != j and counts[k, j] < SHOWN_MISTAKES:
            counts[k, j] += 1
            found.append((path, names[k], names[j]))
    return tuple(found)


def _of_probabilities(
    penalised: Scores, labels: Labels, temperature: float, min_confidence: float
) -> dict[str, float]:
    """Figures of the likeliest classes and their probabilities; NaN if no photo gets a label."""
    is_right = penalised.argmax(axis=1) == labels
    top5 = np.argsort(-penalised, axis=1)[:, :5]
    in_top5 = np.where((top5 == labels[:, None]).any(axis=1), labels, -1)
    probabilities = class_probabilities(penalised, temperature)
    is_answered = probabilities.max(axis=1) >= min_confidence
    return {
        "top5": mean_per_class_accuracy(labels, in_top5),
        "ECE": calibration_error(penalised, labels, temperature),
        "coverage": float(is_answered.mean()),
        "answered_accuracy": float(is_right[is_answered].mean()) if is_answered.any() else np.nan,
    }


def _reliability(
    penalised: Scores, labels: Labels, temperature: float
) -> tuple[tuple[float, float, int], ...]:
    """Mean probability, accuracy and number of the labels of each tenth of probability."""
    probabilities = class_probabilities(penalised, temperature).max(axis=1)
    is_right = penalised.argmax(axis=1) == labels
    tenths = np.minimum((10 * probabilities).astype(int), 9)
    return tuple(
        (float(probabilities[one].mean()), float(is_right[one].mean()), int(one.sum()))
        for one in (tenths == tenth for tenth in range(10))
        if one.any()
    )


def _per_image(scores: Scores, labels: Labels, is_seen: Mask, is_right: Mask) -> dict[str, float]:
    """T, u, s and H per image instead of per class."""
    of_seen = is_seen[labels]
    among_unseen = np.where(is_seen, -np.inf, scores).argmax(axis=1)
    s, u = float(is_right[of_seen].mean()), float(is_right[~of_seen].mean())
    return {
        "T_per_image": float((among_unseen == labels)[~of_seen].mean()),
        "u_per_image": u,
        "s_per_image": s,
        "H_per_image": harmonic_mean(s, u),
    }
