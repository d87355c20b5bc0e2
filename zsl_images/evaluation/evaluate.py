"""Evaluating: measure a classifier on photos in class folders."""

from __future__ import annotations

import os
from dataclasses import replace

from zsl_images.arguments import check_type
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError
from zsl_images.evaluation.figures import Evaluation, assess
from zsl_images.features.extraction import folder_features, labelled_features
from zsl_images.files import absolute
from zsl_images.progress import OnStep


def evaluate(
    classifier: ZeroShotClassifier,
    photos: str | os.PathLike[str],
    *,
    unknown: str | os.PathLike[str] | None = None,
    cache: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> Evaluation:
    """Measure a classifier on photos in class folders.

    Args:
        classifier: Classifier to measure, with its candidates and settings.
        photos: Folder with one folder of photos per class.
        unknown: Folder of photos that show none of the candidates.
        cache: See `train`.
        on_step: Called with each record of progress.

    Raises:
        DataError: There are no photos.
        ClassTableError: A folder is no candidate class.
    """
    check_type("classifier", classifier, ZeroShotClassifier)
    table, head, backbone = classifier.table, classifier.head, classifier.backbone
    features, labels = labelled_features(photos, table.names, backbone, cache, on_step)
    distances, failures = None, features.failures
    if unknown is not None:
        others = folder_features(unknown, backbone, on_step=on_step)
        if not len(others):
            raise DataError(f"no photo in {unknown} can be read; expected photos of other classes")
        distances = (
            head.distances(table, features.features),
            head.distances(table, others.features),
        )
        failures += others.failures
    evaluation = assess(
        head.scores(table, features.features),
        table.rows_of(labels),
        table,
        seen_penalty=classifier.seen_penalty,
        temperature=head.calibration.temperature,
        is_seen=head.penalised(table),
        min_confidence=classifier.min_confidence,
        distances=distances,
        paths=[absolute(path) for path in features.paths],
    )
    return replace(evaluation, failures=failures)
