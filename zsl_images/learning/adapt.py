"""Updating: a classifier learns more from a folder of photos, with labels or without."""

from __future__ import annotations

import os
from dataclasses import dataclass

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.features.extraction import folder_features
from zsl_images.head.adaptation import AdaptReport, adapt_head
from zsl_images.progress import OnStep
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


def adapt(
    classifier: ZeroShotClassifier,
    photos: str | os.PathLike[str],
    *,
    cache: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> AdaptResult:
    """Adapt unseen classes to unlabelled photos; see `head.adaptation.adapt_head`.

    Args:
        classifier: its unseen candidates adapt, with its seen penalty.
        photos: a folder of photos, sorted or not.
        cache: see `train`.
        on_step: Called with each record of progress.

    Raises:
        DataError: no unseen class, or the folder is too small or too one-sided.
    """
    backbone = classifier.backbone
    features = folder_features(photos, backbone, cache, on_step)
    head, report = adapt_head(classifier.own_head(), features.features)
    return AdaptResult(classifier.with_head(head), report, features.failures)
