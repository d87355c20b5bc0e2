"""Updating: a classifier learns more from a folder of photos, with labels or without."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zsl_images.adapting import AdaptReport, adapt_head
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.features import OnStep, extract_features
from zsl_images.growing import promote_classes
from zsl_images.images import find_images
from zsl_images.learning import TrainingResult, default_cache, labelled_features
from zsl_images.results import Failure


@dataclass(frozen=True, eq=False)
class AdaptResult:
    """What `adapt` gives.

    Args:
        classifier: adapted, ready to predict, and to be saved.
        report: what changed for the photos.
        failures: photos that could not be read and were left out.
    """

    classifier: ZeroShotClassifier
    report: AdaptReport
    failures: tuple[Failure, ...]


def promote(
    classifier: ZeroShotClassifier,
    photos: str | os.PathLike[str],
    *,
    cache: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> TrainingResult:
    """Make unseen classes seen with a few photos of each; see `growing.promote_classes`.

    Args:
        classifier: its candidates are the classes of the new one.
        photos: a folder with a folder of photos for each class to promote.
        cache: see `train`.
        on_step: told of the progress.

    Raises:
        DataError: no photos, or a class is seen already.
        ClassTableError: a folder is no candidate class.
    """
    features, names, failures = known_features(classifier, photos, cache, on_step)
    head = promote_classes(classifier.own_head(), features, names)
    return TrainingResult(classifier.with_head(head), failures)


def adapt(
    classifier: ZeroShotClassifier,
    photos: str | os.PathLike[str],
    *,
    cache: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> AdaptResult:
    """Sharpen where unseen classes lie by unlabelled photos; see `adapting.adapt_head`.

    Args:
        classifier: its unseen candidates adapt, with its seen penalty.
        photos: a folder of photos, sorted or not.
        cache: see `train`.
        on_step: told of the progress.

    Raises:
        DataError: no unseen class, or the folder is too small or too one-sided.
    """
    backbone = classifier.backbone
    where = cache if cache is not None else default_cache(photos, backbone)
    features = extract_features(list(find_images([photos])), backbone, where, on_step=on_step)
    head, report = adapt_head(classifier.own_head(), features.features)
    return AdaptResult(classifier.with_head(head), report, features.failures)


def known_features(
    classifier: ZeroShotClassifier,
    photos: str | os.PathLike[str],
    cache: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> tuple[npt.NDArray[np.float32], list[str], tuple[Failure, ...]]:
    """Features (N, D) of photos in a folder a class, each row's class, and what could not be read.

    Raises:
        DataError: no photos.
        ClassTableError: a folder is no candidate class.
    """
    table = classifier.table
    features, rows = labelled_features(photos, table, classifier.backbone, cache, on_step)
    return features.features, [table.names[row] for row in rows], features.failures
