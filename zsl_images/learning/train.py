"""Training a head on folders of photos."""

from __future__ import annotations

import os
from dataclasses import dataclass

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.defaults import DEFAULT_BACKBONE, FOLDS, MAX_SEEN_LOSS
from zsl_images.features.backbones import Backbone, load_backbone
from zsl_images.features.extraction import labelled_features
from zsl_images.head.head import BackboneInfo
from zsl_images.head.head_training import train_on_features
from zsl_images.model.config import Recipe
from zsl_images.progress import OnStep
from zsl_images.results import Failure


def train(
    photos: str | os.PathLike[str],
    table: ClassTable,
    *,
    backbone: str | Backbone = DEFAULT_BACKBONE,
    backbone_weights: str | os.PathLike[str] | None = None,
    device: str = "auto",
    recipe: str | Recipe = "best",
    seed: int = 0,
    folds: int = FOLDS,
    max_seen_loss: float = MAX_SEEN_LOSS,
    cache: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> TrainingResult:
    """Train a head on photos.

    Args:
        photos: a folder with a folder of photos for each seen class.
        table: the classes; those without a folder are unseen.
        backbone: a name, or one that is loaded already.
        backbone_weights: a local file or folder, see `load_backbone`.
        device: where the backbone runs; the head is always trained on the CPU.
        recipe: one of `recipes.RECIPES` by its name, or one of your own.
        seed: the same seed gives the same head on the same machine.
        folds: validations with pseudo-unseen classes, 0 to 5, beside one that holds out photos alone;
            without any, γ is 0, the temperature 1 and there are no figures.
        max_seen_loss: per-class accuracy on seen classes that the default γ may cost, 0..1.
        cache: Parquet file that keeps the features; by default one in the user's cache folder.
        on_step: told of the progress.

    Returns:
        The classifier, and the photos that could not be read.

    Raises:
        DataError: no photos, or too few of them.
        ClassTableError: a folder has no row in the table.
    """
    if isinstance(backbone, str):
        backbone = load_backbone(backbone, backbone_weights, device)
    features, labels = labelled_features(photos, table.names, backbone, cache, on_step)
    head = train_on_features(
        features.features,
        table.rows_of(labels),
        table,
        recipe=recipe,
        seed=seed,
        folds=folds,
        max_seen_loss=max_seen_loss,
        backbone=BackboneInfo.of(backbone),
        on_step=on_step,
    )
    classifier = ZeroShotClassifier.of(head, backbone=backbone)
    return TrainingResult(classifier, features.failures)


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """What `train` gives.

    Args:
        classifier: ready to predict, and to be saved.
        failures: photos that could not be read and were left out.
    """

    classifier: ZeroShotClassifier
    failures: tuple[Failure, ...]
