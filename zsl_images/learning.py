"""Learning: from photos, or their features, and a class table to a head.

A head is first trained without some photos and with some seen classes playing unseen ones: this
gives the seen penalty and honest figures; and without some photos alone: this gives the temperature
and how far photos of known classes lie off. Then it is trained on all there is.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from zsl_images.backbones import Backbone, load_backbone
from zsl_images.checkpoint import BackboneInfo, Head
from zsl_images.classes import ClassTable, listed
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, DataError
from zsl_images.evaluation import (
    Calibration,
    Fold,
    Outcome,
    assess,
    calibrate,
    hold_out,
    make_folds,
)
from zsl_images.features import FeatureSet, OnStep, extract_features
from zsl_images.files import cache_folder
from zsl_images.images import find_images, find_labelled_images
from zsl_images.memory import remember
from zsl_images.mmvae import MultiModalVAE
from zsl_images.pretrained import DEFAULT_BACKBONE
from zsl_images.recipes import recipe_named
from zsl_images.results import Evaluation, Failure
from zsl_images.training import Recipe, fit

FOLDS = 3
"""Validations before a head is trained on all."""

MAX_SEEN_LOSS = 0.02
"""How much seen accuracy the default γ may cost; see `evaluation.penalty_within`."""


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
    features, labels = labelled_features(photos, table, backbone, cache, on_step)
    head = train_on_features(
        features.features,
        labels,
        table,
        recipe=recipe,
        seed=seed,
        folds=folds,
        max_seen_loss=max_seen_loss,
        backbone=BackboneInfo.of(backbone),
        on_step=on_step,
    )
    classifier = ZeroShotClassifier(head, backbone, head.table, head.seen_penalty)
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


def train_on_features(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    table: ClassTable,
    *,
    recipe: str | Recipe = "best",
    seed: int = 0,
    folds: int | Sequence[Fold] = FOLDS,
    max_seen_loss: float = MAX_SEEN_LOSS,
    backbone: BackboneInfo | None = None,
    on_step: OnStep | None = None,
) -> Head:
    """Train a head on features; see `train`.

    Args:
        features: (N, D) of seen classes, as the backbone gives them.
        labels: (N,) row of `table`; classes with a row here are seen, the others unseen.
        table: K classes.
        recipe: how.
        seed: of all that is random.
        folds: how many validations, or which.
        max_seen_loss: see `train`.
        backbone: what the features come from.
        on_step: told of the progress.

    Raises:
        DataError: too few rows or classes.
    """
    if isinstance(recipe, str):
        recipe = recipe_named(recipe)
    seen = np.unique(labels)
    if len(seen) < 2:
        raise DataError(f"photos of {len(seen)} classes, expected at least 2 seen classes")
    table = table.with_seen([table.names[label] for label in seen])
    if isinstance(folds, int):
        folds = make_folds(labels, folds, np.random.default_rng(seed)) if folds else []
    calibration = Calibration()
    if folds:
        photos = hold_out(labels, np.random.default_rng(seed), unseen=np.empty(0, np.int64))
        outcomes = [
            _outcome(features, labels, table, recipe, seed, fold, phase, on_step)
            for number, fold in enumerate([*folds, photos], start=1)
            for phase in [f"validation {number}/{len(folds) + 1}"]
        ]
        calibration = calibrate(outcomes[:-1], outcomes[-1], max_seen_loss)
    model = fit(features, labels, table, recipe, seed, "training", on_step)
    head = _head(model, features, labels, table, recipe)
    return replace(
        head,
        backbone=backbone or head.backbone,
        seen_penalty=calibration.seen_penalty,
        balanced_seen_penalty=calibration.balanced_seen_penalty,
        temperature=calibration.temperature,
        known_distances=calibration.known_distances,
        metrics=calibration.metrics,
    )


def evaluate(
    classifier: ZeroShotClassifier,
    photos: str | os.PathLike[str],
    *,
    unknown: str | os.PathLike[str] | None = None,
    cache: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> Evaluation:
    """Measure a classifier on photos sorted into a folder a class.

    Args:
        classifier: with its candidates, its seen penalty and its backbone.
        photos: folders named by classes of the table.
        unknown: a folder of photos that show none of the candidates.
        cache: see `train`.
        on_step: told of the progress.

    Raises:
        DataError: no photos.
        ClassTableError: a folder is no candidate class.
    """
    table, head, backbone = classifier.table, classifier.head, classifier.backbone
    features, labels = labelled_features(photos, table, backbone, cache, on_step)
    distances, failures = None, features.failures
    if unknown is not None:
        others = extract_features(
            list(find_images([unknown])), backbone, default_cache(unknown, backbone), on_step=on_step
        )
        if not len(others):
            raise DataError(f"no photo in {unknown} can be read; expected photos of other classes")
        distances = (
            head.distances(table, features.features),
            head.distances(table, others.features),
        )
        failures += others.failures
    evaluation = assess(
        head.scores(table, features.features),
        labels,
        table,
        seen_penalty=classifier.seen_penalty,
        temperature=head.temperature,
        min_confidence=classifier.min_confidence,
        distances=distances,
    )
    return replace(evaluation, failures=failures)


def labelled_features(
    photos: str | os.PathLike[str],
    table: ClassTable,
    backbone: Backbone,
    cache: str | os.PathLike[str] | None,
    on_step: OnStep | None,
) -> tuple[FeatureSet, npt.NDArray[np.int64]]:
    """Features of photos in a folder a class, and the row of `table` for each."""
    classes = find_labelled_images(photos)
    row_of = {name: row for row, name in enumerate(table.names)}
    without_row = [name for name in classes if name not in row_of]
    if without_row:
        raise ClassTableError(
            f"{len(without_row)} folders of {photos} have no row in the class table: "
            f"{listed(without_row, table.names)}; add rows, or move the folders away"
        )
    label_of = {str(path): row_of[name] for name, paths in classes.items() for path in paths}
    where = cache if cache is not None else default_cache(photos, backbone)
    features = extract_features(list(label_of), backbone, where, on_step=on_step)
    if not len(features):
        raise DataError(f"none of the {len(label_of)} photos in {photos} can be read")
    return features, np.array([label_of[path] for path in features.paths], np.int64)


def default_cache(photos: str | os.PathLike[str], backbone: Backbone) -> Path:
    """Where features of a folder of photos are kept: the user's cache folder, or $ZSL_CACHE."""
    key = hashlib.sha256(f"{Path(photos).resolve()} {backbone.fingerprint}".encode()).hexdigest()
    return cache_folder() / "features" / f"{backbone.name}-{key[:16]}.features.parquet"


def _outcome(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    table: ClassTable,
    recipe: Recipe,
    seed: int,
    fold: Fold,
    phase: str,
    on_step: OnStep | None,
) -> Outcome:
    """Train on a fold's rows and score the rows that it holds out.

    The candidates are the classes of these rows, some of them playing unseen; where none does, all
    of the table.
    """
    rows = np.concatenate([fold.train, fold.seen, fold.unseen])
    classes = np.unique(labels[rows]) if len(fold.unseen) else np.arange(len(table))
    column_of_row = np.searchsorted(classes, labels)
    seen = set(labels[fold.train].tolist())
    names = [table.names[label] for label in classes]
    fold_table = table.select(names).with_seen([table.names[label] for label in seen])
    model = fit(
        features[fold.train], column_of_row[fold.train], fold_table, recipe, seed, phase, on_step
    )
    head = _head(model, features[fold.train], column_of_row[fold.train], fold_table, recipe)
    held_out = np.concatenate([fold.seen, fold.unseen])
    return Outcome(
        head.scores(fold_table, features[held_out]),
        column_of_row[held_out],
        fold_table.is_seen,
        head.distances(fold_table, features[held_out]),
    )


def _head(
    model: MultiModalVAE,
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    table: ClassTable,
    recipe: Recipe,
) -> Head:
    """A head that remembers the rows it was trained on, not validated yet."""
    rows = torch.from_numpy(np.unique(labels, return_inverse=True)[1])
    memory = remember(model, torch.tensor(features), rows, table.seen_names, recipe.training.ridge)
    origin = BackboneInfo("features of unknown origin")
    return Head(model, table, origin, recipe.training, memory=memory)
