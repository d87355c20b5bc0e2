"""Assessment: all figures of scored photos whose classes are known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

from zsl_images.classes.class_table import ClassTable
from zsl_images.head.calibration import calibration_error
from zsl_images.head.metrics import (
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


@dataclass(frozen=True)
class ClassAccuracy:
    """Top-1 accuracy (0..1) on the photos of one class."""

    label: str
    is_seen: bool
    photos: int
    accuracy: float


@dataclass(frozen=True)
class Evaluation:
    """What a head does on labelled photos.

    Args:
        figures: by name, each 0..1, all classes of the table being candidates. `seen_accuracy`,
            `unseen_accuracy`: per-class top-1, if there are such photos; `per_class`, `per_image`:
            top-1 of all photos; `top5`: per class; `ECE`: of the likeliest class's probability;
            `coverage`, `answered_accuracy`: share of photos that get a label at the least confidence
            asked for, and how many of these labels are right; if there are photos of both kinds,
            the figures of `GZSLReport`, and T, u, s and H `_per_image`; `unknown_AUROC`, if there
            are photos of other classes.
        per_class: in the order of the class table.
        confusions: (class, label given, photos), the most frequent first.
        curve: the seen-unseen curve, up to 101 points (seen penalty, s, u); empty unless there are
            photos of both kinds.
        failures: photos that could not be read.
    """

    figures: Mapping[str, float]
    per_class: tuple[ClassAccuracy, ...]
    confusions: tuple[tuple[str, str, int], ...] = ()
    curve: tuple[tuple[float, float, float], ...] = ()
    failures: tuple[Failure, ...] = ()

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
    min_confidence: float = 0.0,
    distances: tuple[Scores, Scores] | None = None,
) -> Evaluation:
    """All figures of labelled photos.

    Args:
        scores: (N, K), without a seen penalty.
        labels: (N,) column of the true class.
        table: the K candidates.
        seen_penalty: γ.
        temperature: Temperature of the softmax.
        min_confidence: below this probability there is no answer.
        distances: Distances of these N photos, and of M photos of classes that are no candidates, to
            the nearest class, see `scoring.nearest_distances`.
    """
    is_seen, of_seen = table.is_seen, table.is_seen[labels]
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
        figures |= gzsl_report(scores, labels, is_seen, seen_penalty).to_dict()
        figures |= _per_image(scores, labels, is_seen, is_right)
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


def _of_probabilities(
    penalised: Scores, labels: Labels, temperature: float, min_confidence: float
) -> dict[str, float]:
    """Figures of the likeliest classes and of their probabilities; NaN if nothing is answered."""
    is_right = penalised.argmax(axis=1) == labels
    top5 = np.argsort(-penalised, axis=1)[:, :5]
    in_top5 = np.where((top5 == labels[:, None]).any(axis=1), labels, -1)
    probabilities = class_probabilities(torch.from_numpy(penalised), temperature).numpy()
    is_answered = probabilities.max(axis=1) >= min_confidence
    return {
        "top5": mean_per_class_accuracy(labels, in_top5),
        "ECE": calibration_error(penalised, labels, temperature),
        "coverage": float(is_answered.mean()),
        "answered_accuracy": float(is_right[is_answered].mean()) if is_answered.any() else np.nan,
    }


def _per_image(scores: Scores, labels: Labels, is_seen: Mask, is_right: Mask) -> dict[str, float]:
    """T, u, s and H per image, beside the field's per-class ones."""
    of_seen = is_seen[labels]
    among_unseen = np.where(is_seen, -np.inf, scores).argmax(axis=1)
    s, u = float(is_right[of_seen].mean()), float(is_right[~of_seen].mean())
    return {
        "T_per_image": float((among_unseen == labels)[~of_seen].mean()),
        "u_per_image": u,
        "s_per_image": s,
        "H_per_image": harmonic_mean(s, u),
    }
