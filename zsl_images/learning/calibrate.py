"""Calibrating: labelled photos of a new camera say how far to trust labels there."""

from __future__ import annotations

import os
from dataclasses import dataclass

from zsl_images.arguments import check_type
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.features.extraction import labelled_features
from zsl_images.head.recalibrating import recalibrated
from zsl_images.progress import OnStep
from zsl_images.results import Failure


@dataclass(frozen=True, eq=False)
class CalibrateResult:
    """Result of `calibrate`.

    Args:
        classifier: Calibrated classifier, ready to predict and to be saved.
        photos: Number of photos that could be read.
        unknown: Share of them that were unknown before and after, 0 to 1.
        confidence: Mean probability of the likeliest class, before and after.
        accuracy: Share of photos whose likeliest class is right, before and after the same.
        failures: Photos that could not be read and were left out.
    """

    classifier: ZeroShotClassifier
    photos: int
    unknown: tuple[float, float]
    confidence: tuple[float, float]
    accuracy: float
    failures: tuple[Failure, ...]


def calibrate(
    classifier: ZeroShotClassifier,
    photos: str | os.PathLike[str],
    *,
    cache: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> CalibrateResult:
    """Fit probabilities, unknown scores and label sets to photos; see `head.recalibrating`.

    Args:
        classifier: Classifier whose candidates and seen penalty apply; its likeliest classes stay.
        photos: Folder with one folder of photos per class, none of which the head learned from.
        cache: See `train`.
        on_step: Called with each record of progress.

    Raises:
        DataError: There are too few photos.
        ClassTableError: A folder is no candidate class.
    """
    check_type("classifier", classifier, ZeroShotClassifier)
    table, backbone = classifier.table, classifier.backbone
    found, labels = labelled_features(photos, table.names, backbone, cache, on_step)
    fitted = classifier.with_head(recalibrated(classifier.own_head(), found.features, labels))
    before, after = (one.label_features(found.features, 1) for one in (classifier, fitted))
    return CalibrateResult(
        fitted,
        len(found),
        (float(before.is_unknown.mean()), float(after.is_unknown.mean())),
        (float(before.probabilities[:, 0].mean()), float(after.probabilities[:, 0].mean())),
        float((after.rows[:, 0] == table.rows_of(labels)).mean()),
        found.failures,
    )
