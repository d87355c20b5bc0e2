"""Adapting: unseen classes move to the unlabelled photos of a folder."""

from __future__ import annotations

import os
from dataclasses import dataclass

from zsl_images.arguments import check_type
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.features.extraction import folder_features
from zsl_images.head.transductive import AdaptReport, adapt_head
from zsl_images.progress import OnStep
from zsl_images.results import Failure


@dataclass(frozen=True, eq=False)
class AdaptResult:
    """Result of `adapt`.

    Args:
        classifier: Adapted classifier, ready to predict and to be saved.
        report: What changed for the photos.
        failures: Photos that could not be read and were left out.
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
    """Adapt unseen classes to unlabelled photos; see `head.transductive.adapt_head`.

    Args:
        classifier: Classifier whose unseen candidates adapt; its seen penalty applies.
        photos: Folder of photos, sorted or not.
        cache: See `train`.
        on_step: Called with each record of progress.

    Raises:
        DataError: There is no unseen class, the folder is too small or too one-sided or shows hardly
            any unseen class, or most labels would change.
    """
    check_type("classifier", classifier, ZeroShotClassifier)
    backbone = classifier.backbone
    features = folder_features(photos, backbone, cache, on_step)
    head, report = adapt_head(classifier.own_head(), features.features)
    return AdaptResult(classifier.with_head(head), report, features.failures)
