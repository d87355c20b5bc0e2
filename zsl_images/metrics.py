"""Figures of generalized zero-shot learning: numpy in, float out, all in 0..1.

Protocol: Xian et al., "Zero-Shot Learning: A Comprehensive Evaluation of the Good, the Bad and the
Ugly", TPAMI 2019. Seen-unseen curve: Chao et al., "An Empirical Study and Analysis of Generalized
Zero-Shot Learning for Object Recognition in the Wild", ECCV 2016.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zsl_images.errors import DataError

Scores = npt.NDArray[np.float32]
Labels = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]


def per_class_accuracy(
    labels: npt.NDArray[np.integer], predicted: npt.NDArray[np.integer]
) -> dict[int, float]:
    """Top-1 accuracy of each class that occurs in `labels` (N,)."""
    hits = predicted == labels
    return {int(label): float(hits[labels == label].mean()) for label in np.unique(labels)}


def mean_per_class_accuracy(
    labels: npt.NDArray[np.integer], predicted: npt.NDArray[np.integer]
) -> float:
    """Per-class top-1: the mean over classes of each class's accuracy; nan without photos."""
    accuracies = per_class_accuracy(labels, predicted)
    return float(np.mean(list(accuracies.values()))) if accuracies else float("nan")


def harmonic_mean(seen: float, unseen: float) -> float:
    """H = 2·S·U / (S + U), and 0 if both are 0.

    >>> harmonic_mean(0.75, 0.25)
    0.375
    """
    return 2 * seen * unseen / (seen + unseen) if seen + unseen > 0 else 0.0


@dataclass(frozen=True)
class SeenUnseenCurve:
    """Every trade of seen for unseen accuracy that a seen penalty γ can make.

    Args:
        penalty: Rising γ at which the answer for some photo changes, from -inf to inf, (P,).
        seen: Per-class accuracy S just above each γ, falling from the best to 0, (P,).
        unseen: Per-class accuracy U, rising, (P,).
    """

    penalty: npt.NDArray[np.float64]
    seen: npt.NDArray[np.float64]
    unseen: npt.NDArray[np.float64]

    def points(self, count: int = 101) -> tuple[tuple[float, float, float], ...]:
        """At most `count` points (γ, S, U) with finite γ, spread evenly along the curve."""
        finite = np.flatnonzero(np.isfinite(self.penalty))
        chosen = finite[np.unique(np.linspace(0, len(finite) - 1, count).round().astype(int))]
        return tuple(
            (float(self.penalty[i]), float(self.seen[i]), float(self.unseen[i])) for i in chosen
        )

    @property
    def area(self) -> float:
        """AUSUC: the area under U over S."""
        return float(abs(np.trapezoid(self.unseen, self.seen)))

    @property
    def best_harmonic_mean(self) -> float:
        """The highest H on the curve, which the best γ would give."""
        return float(self._harmonic.max())

    @property
    def best_penalty(self) -> float:
        """A γ near the highest H that also suits other photos.

        The curve is a staircase, and its single highest step is partly luck. So γ is the mean of all
        steps whose H is within 1 % of the highest, weighted by their widths.
        """
        finite = np.isfinite(self.penalty)
        finite[:-1] &= np.isfinite(self.penalty[1:])
        finite[-1] = False
        inside = np.flatnonzero(finite & (self._harmonic >= 0.99 * self._harmonic.max()))
        if not inside.size:
            return 0.0
        left, right = self.penalty[inside], self.penalty[inside + 1]
        width = right - left
        return float(np.average((left + right) / 2, weights=width + 1e-12))

    @property
    def _harmonic(self) -> npt.NDArray[np.float64]:
        total = self.seen + self.unseen
        return np.divide(2 * self.seen * self.unseen, total, out=np.zeros_like(total), where=total > 0)


def seen_unseen_curve(
    scores: npt.NDArray[np.floating],
    labels: npt.NDArray[np.integer],
    is_seen: npt.NDArray[np.bool_],
) -> SeenUnseenCurve:
    """Sweep the seen penalty γ over all values at once.

    The answer for a photo changes only once, from its best seen class to its best unseen class, at
    γ = (best seen score) - (best unseen score). Sorting these turning points gives the exact curve.

    Args:
        scores: Scores (N, K), higher is nearer.
        labels: Column of the true class, (N,).
        is_seen: Mask of the seen classes (K,); both kinds must occur.
    """
    seen_columns, unseen_columns = np.flatnonzero(is_seen), np.flatnonzero(~is_seen)
    best_seen = seen_columns[scores[:, seen_columns].argmax(axis=1)]
    best_unseen = unseen_columns[scores[:, unseen_columns].argmax(axis=1)]
    turning = turning_points(scores, is_seen)
    of_seen = is_seen[labels]
    counts = np.bincount(labels, minlength=len(is_seen))
    weight = 1.0 / counts[labels]
    seen_hit = np.where(of_seen & (best_seen == labels), weight, 0.0)
    unseen_hit = np.where(~of_seen & (best_unseen == labels), weight, 0.0)
    order = np.argsort(turning, kind="stable")
    seen_classes = max(1, np.unique(labels[of_seen]).size)
    unseen_classes = max(1, np.unique(labels[~of_seen]).size)
    lost = np.concatenate([[0.0], np.cumsum(seen_hit[order])])
    won = np.concatenate([[0.0], np.cumsum(unseen_hit[order])])
    penalty = np.concatenate([[-np.inf], turning[order]])
    last_of_ties = np.append(penalty[1:] != penalty[:-1], True)
    return SeenUnseenCurve(
        np.append(penalty[last_of_ties], np.inf),
        np.append((lost[-1] - lost)[last_of_ties], 0.0) / seen_classes,
        np.append(won[last_of_ties], won[-1]) / unseen_classes,
    )


def turning_points(
    scores: npt.NDArray[np.floating], is_seen: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    """The seen penalty γ above which each photo's label is unseen.

    Args:
        scores: Scores (N, K), higher is nearer.
        is_seen: Mask of the seen classes (K,); both kinds must occur.

    Returns:
        (N,): (best seen score) - (best unseen score).
    """
    best_seen, best_unseen = (scores[:, kind].max(axis=1) for kind in (is_seen, ~is_seen))
    points: npt.NDArray[np.float64] = (best_seen - best_unseen).astype(np.float64)
    return points


def expected_calibration_error(
    confidence: npt.NDArray[np.floating], is_right: npt.NDArray[np.bool_], bins: int = 15
) -> float:
    """ECE: mean gap between confidence and accuracy over equally wide bins (Guo et al., 2017)."""
    which = np.minimum((confidence * bins).astype(int), bins - 1)
    gap = np.bincount(which, weights=confidence - is_right, minlength=bins)
    return float(np.abs(gap).sum() / max(1, len(confidence)))


def gzsl_report(scores: Scores, labels: Labels, is_seen: Mask, seen_penalty: float) -> dict[str, float]:
    """The figures of generalized zero-shot learning, per-class top-1.

    Args:
        scores: Scores (N, K) without a seen penalty.
        labels: Column of the true class, (N,).
        is_seen: Mask of the seen classes, (K,).
        seen_penalty: γ for u, s and H.

    Returns:
        T: Accuracy on unseen classes with the unseen classes as the only candidates (ZSL).
        u: Accuracy on unseen classes, with all classes as candidates (GZSL).
        s: Accuracy on seen classes, with all classes as candidates (GZSL).
        H: Harmonic mean of u and s.
        best_H: Highest harmonic mean over all seen penalties.
        AUSUC: Area under the seen-unseen curve.

    Raises:
        DataError: Photos of seen or of unseen classes are missing.
    """
    of_seen = is_seen[labels]
    if of_seen.all() or not of_seen.any():
        raise DataError(
            f"{int(of_seen.sum())} photos of seen and {int((~of_seen).sum())} of unseen classes; "
            "these figures need both"
        )
    curve = seen_unseen_curve(scores, labels, is_seen)
    seen, unseen = accuracies(scores, labels, is_seen, seen_penalty)
    return {
        "T": float(curve.unseen[-1]),
        "u": unseen,
        "s": seen,
        "H": harmonic_mean(seen, unseen),
        "best_H": curve.best_harmonic_mean,
        "AUSUC": curve.area,
    }


def accuracies(
    scores: Scores, labels: Labels, is_seen: Mask, seen_penalty: float
) -> tuple[float, float]:
    """Per-class top-1 on photos of seen and of unseen classes, with all classes as candidates."""
    predicted = (scores - seen_penalty * is_seen).argmax(axis=1)
    of_seen = is_seen[labels]
    return (
        mean_per_class_accuracy(labels[of_seen], predicted[of_seen]),
        mean_per_class_accuracy(labels[~of_seen], predicted[~of_seen]),
    )
