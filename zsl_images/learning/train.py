"""Training: photos in class folders and a class table become a classifier."""

from __future__ import annotations

import os
from dataclasses import dataclass

from zsl_images.classes.class_map import ClassMap
from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.defaults import AUTO, DEFAULT_BACKBONE, FOLDS, MAX_SEEN_LOSS
from zsl_images.errors import DataError
from zsl_images.features.backbones import Backbone, load_backbone
from zsl_images.features.devices import learning_device
from zsl_images.features.extraction import labelled_features
from zsl_images.head.fit import check_settings, train_on_features
from zsl_images.head.fit_rows import train_on_rows
from zsl_images.head.head import BackboneInfo
from zsl_images.head.row_classes import RowClasses
from zsl_images.model.config import Recipe
from zsl_images.model.recipes import RECIPES, recipe_named
from zsl_images.progress import OnStep
from zsl_images.results import Failure


def train(
    photos: str | os.PathLike[str] | None,
    table: ClassTable | str | os.PathLike[str],
    *,
    backbone: str | Backbone = DEFAULT_BACKBONE,
    backbone_weights: str | os.PathLike[str] | None = None,
    device: str = AUTO,
    backbone_classes: ClassMap | str | os.PathLike[str] | None = None,
    recipe: str | Recipe | None = None,
    seed: int = 0,
    folds: int = FOLDS,
    max_seen_loss: float = MAX_SEEN_LOSS,
    cache: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> TrainingResult:
    """Train a head on photos, on the classes that its backbone knows already, or on both.

    Args:
        photos: Folder with one folder of photos per seen class; None for a head without any photo, see
            `head.fit_rows`, which takes neither a recipe nor validations.
        table: Classes, or the file or shipped table that has them; those without a folder are unseen.
        backbone: Name of a backbone, or one that is already loaded.
        backbone_weights: Local file or folder, see `load_backbone`.
        device: Device for the backbone, see `load_backbone`. The head is trained there too if it is a
            CUDA device, else on the CPU.
        backbone_classes: Map of the classes that the backbone's own classifier knows, see `ClassMap`.
            Those in the table are known by the backbone, if they have no photos. The others, which
            need attributes in the file of the map, only help to learn what attributes look like.
        recipe: Name of one of `recipes.RECIPES`, or a recipe of your own. Default: `best`, or `rows`
            with backbone classes.
        seed: Random seed; the same seed gives the same head on the same machine.
        folds: Number of validations with pseudo-unseen classes, 0 to 5, besides one that holds out
            photos alone. With 0, γ is 0, the temperature 1 and there are no figures.
        max_seen_loss: Per-class accuracy on seen classes that the default γ may cost, 0 to 1.
        cache: Parquet file that caches the features. Default: one in the user's cache folder.
        on_step: Called with each record of progress.

    Returns:
        The classifier, and the photos that could not be read.

    Raises:
        DataError: There are no photos or too few, or neither photos nor backbone classes; the recipe
            is unknown, or a setting is out of its range.
        ClassTableError: A folder has no row in the table, or the map cannot be used.
        BackboneError: The backbone has no classifier that the map could be about.
    """
    check_settings(folds, max_seen_loss, seed)
    table = ClassTable.of(table)
    if isinstance(recipe, str):
        recipe = recipe_named(recipe)
    elif recipe is not None and not isinstance(recipe, Recipe):
        raise DataError(f"{recipe!r}, expected a Recipe or one of {', '.join(RECIPES)}")
    if isinstance(backbone, str):
        backbone = load_backbone(backbone, backbone_weights, device)
    rows = None
    if backbone_classes is not None:
        rows = RowClasses.read(backbone_classes, table, backbone)
    if photos is None:
        if rows is None or recipe is not None:
            raise DataError(
                "without photos a head learns from the classes of its backbone alone: give "
                "backbone classes, and no recipe"
            )
        head = train_on_rows(rows, table, BackboneInfo.of(backbone), seed=seed)
        return TrainingResult(ZeroShotClassifier.of(head, backbone=backbone), ())
    features, labels = labelled_features(photos, table.names, backbone, cache, on_step)
    head = train_on_features(
        features.features,
        table.rows_of(labels),
        table,
        rows=rows,
        recipe=recipe,
        seed=seed,
        folds=folds,
        max_seen_loss=max_seen_loss,
        backbone=BackboneInfo.of(backbone),
        device=learning_device(backbone.device),
        on_step=on_step,
    )
    classifier = ZeroShotClassifier.of(head, backbone=backbone)
    return TrainingResult(classifier, features.failures)


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """Result of `train`.

    Args:
        classifier: Ready to predict, and to be saved.
        failures: Photos that could not be read and were left out.
    """

    classifier: ZeroShotClassifier
    failures: tuple[Failure, ...]
