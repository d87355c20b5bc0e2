"""Promoting: unseen classes become seen, with a few photos of each."""

from __future__ import annotations

import os

from zsl_images.arguments import check_type
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.features.extraction import labelled_features
from zsl_images.head.edit_classes import promote_classes
from zsl_images.learning.train import TrainingResult
from zsl_images.progress import OnStep


def promote(
    classifier: ZeroShotClassifier,
    photos: str | os.PathLike[str],
    *,
    new: bool = False,
    cache: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> TrainingResult:
    """Make unseen classes seen with a few photos of each; see `head.edit_classes`.

    Args:
        classifier: Classifier to start from; its candidates stay.
        photos: Folder with one folder of photos per class to promote.
        new: Whether folders that are no candidates become classes without attributes, which their
            photos alone describe, such as `empty` for frames without an animal.
        cache: See `train`.
        on_step: Called with each record of progress.

    Raises:
        DataError: There are no photos, or a class is already seen.
        ClassTableError: A folder is no candidate class, and `new` is not set.
    """
    check_type("classifier", classifier, ZeroShotClassifier)
    features, labels = labelled_features(
        photos, classifier.table.names, classifier.backbone, cache, on_step, are_others_classes=new
    )
    head = promote_classes(classifier.own_head(), features.features, labels, new=new)
    return TrainingResult(classifier.with_head(head), features.failures)
