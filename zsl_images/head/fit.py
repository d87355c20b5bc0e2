"""Training a head: features and a class table become a head.

Validation comes first. Trainings that treat some seen classes as unseen give the seen penalty and
honest figures. One more training, which only holds out photos, gives the temperature and the usual
distance of a photo from its class. The head itself is then trained on everything. If the recipe rolls
back, the validations do so, and the later trainings take the share of steps that helped there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from zsl_images.arguments import check_type, count, number
from zsl_images.classes.class_table import ClassTable
from zsl_images.defaults import DEFAULT_RECIPE, FOLDS, MAX_FOLDS, MAX_SEEN_LOSS, ROWS_RECIPE
from zsl_images.errors import DataError, counted
from zsl_images.head.calibration import Calibration, Outcome, calibrate
from zsl_images.head.folds import Fold, check_rows, hold_out, make_folds
from zsl_images.head.head import BackboneInfo, Head
from zsl_images.head.outside import Outside
from zsl_images.head.remembering import remember
from zsl_images.head.row_classes import RowClasses
from zsl_images.metrics import gzsl_report
from zsl_images.model.config import Recipe
from zsl_images.model.mmvae import MultiModalVAE
from zsl_images.model.recipes import recipe_named
from zsl_images.model.roll_back import RollBack
from zsl_images.model.training import BackboneRows, Features, fit
from zsl_images.progress import OnStep


def train_on_features(
    features: Features,
    labels: npt.NDArray[np.int64],
    table: ClassTable,
    *,
    rows: RowClasses | None = None,
    recipe: str | Recipe | None = None,
    seed: int = 0,
    folds: int | Sequence[Fold] = FOLDS,
    max_seen_loss: float = MAX_SEEN_LOSS,
    backbone: BackboneInfo | None = None,
    device: str = "cpu",
    on_step: OnStep | None = None,
) -> Head:
    """Train a head on features; see `train`.

    Args:
        features: Features (N, D) of seen classes, as the backbone gives them; they may be memory-mapped
            and of half precision, and are read in blocks.
        labels: Row of `table` for each feature, (N,); these classes are seen, all others unseen.
        table: K classes.
        rows: Classes that the backbone's own classifier knows, in the table or not. A validation leaves
            out those that play unseen, and their kinds.
        recipe: Name of one of `recipes.RECIPES`, or a recipe of your own. Default: `best`, or `rows` if
            there are rows.
        seed: Seed of every random choice.
        folds: Number of validations, or the folds themselves.
        max_seen_loss: See `train`.
        backbone: Backbone that made the features. Default: unknown.
        device: Torch device that learns; the head answers on the CPU.
        on_step: Called with each record of progress.

    Raises:
        DataError: Too few rows or classes, an unknown recipe, or a setting out of its range.
    """
    check_settings(folds, max_seen_loss, seed)
    recipe = recipe or (DEFAULT_RECIPE if rows is None else ROWS_RECIPE)
    if isinstance(recipe, str):
        recipe = recipe_named(recipe)
    seen = np.unique(labels)
    if len(seen) < 2:
        raise DataError(f"photos of {counted(len(seen), 'class')}, expected at least 2 seen classes")
    table = table.with_seen([table.names[label] for label in seen])
    table = table.with_rows(rows.table.names if rows else ())
    if isinstance(folds, Sequence):
        check_rows(folds, len(labels))
    else:
        folds = make_folds(labels, folds, np.random.default_rng(seed)) if folds else []
    calibration = Calibration()
    if folds:
        total = len(folds) + 1

        def outcome(number: int, fold: Fold, recipe: Recipe) -> Outcome:
            phase = f"validation {number}/{total}"
            return _outcome(features, labels, table, rows, recipe, seed, fold, phase, device, on_step)

        outcomes = [outcome(number, fold, recipe) for number, fold in enumerate(folds, start=1)]
        # Nothing can roll the trainings to come back, so they stop where the validations got to.
        recipe = _learning_less(recipe, float(np.mean([one.share for one in outcomes])))
        photos = hold_out(labels, np.random.default_rng(seed), unseen=np.empty(0, np.int64))
        calibration = calibrate(outcomes, outcome(total, photos, recipe), max_seen_loss)
    model = fit_model(features, labels, table, rows, recipe, seed, "training", device, on_step)
    head = _head(model, features, labels, table, recipe)
    calibration = replace(calibration, outside_weight=head.calibration.outside_weight)
    return replace(head, backbone=backbone or head.backbone, calibration=calibration)


def check_settings(folds: int | Sequence[Fold], max_seen_loss: float, seed: int) -> None:
    """Refuse settings of a training that are out of range.

    Raises:
        DataError: A setting is out of range, or of another type.
    """
    number("max_seen_loss", max_seen_loss, 0, 1)
    count("seed", seed, least=0)
    if isinstance(folds, Sequence) and not isinstance(folds, str | bytes):
        for fold in folds:
            check_type("a fold", fold, Fold)
    elif count("folds", folds, least=0) > MAX_FOLDS:
        raise DataError(f"folds is {folds}, expected {MAX_FOLDS} or fewer")


def _outcome(
    features: Features,
    labels: npt.NDArray[np.int64],
    table: ClassTable,
    row_classes: RowClasses | None,
    recipe: Recipe,
    seed: int,
    fold: Fold,
    phase: str,
    device: str,
    on_step: OnStep | None,
) -> Outcome:
    """Train on a fold's rows and score the rows that it holds out.

    The candidates are the classes of these rows, some of them playing unseen. If none does, they are
    all classes of the table. If some do, H without a seen penalty is what a roll-back goes by.
    """
    rows = np.concatenate([fold.train, fold.seen, fold.unseen])
    classes = np.unique(labels[rows]) if len(fold.unseen) else np.arange(len(table))
    column_of_row = np.searchsorted(classes, labels)
    seen = set(labels[fold.train].tolist())
    names = [table.names[label] for label in classes]
    fold_table = table.select(names).with_seen([table.names[label] for label in seen])
    held_out = np.concatenate([fold.seen, fold.unseen])
    if row_classes is not None:
        playing_unseen = {table.names[label] for label in np.unique(labels[fold.unseen])}
        row_classes = row_classes.without(playing_unseen)
    x, y = features[held_out].astype(np.float32), column_of_row[held_out]
    a, is_seen = fold_table.attributes, fold_table.is_seen

    def harmonic_mean(model: MultiModalVAE) -> float:
        tensors = (torch.tensor(array, device=model.device) for array in (x, a, is_seen))
        scores = model.scores(*tensors).cpu().numpy()
        return gzsl_report(scores, y, is_seen, seen_penalty=0)["H"]

    interval = recipe.training.roll_back_interval if len(fold.unseen) else 0
    roll_back = RollBack(harmonic_mean, interval) if interval else None
    model = fit_model(
        features[fold.train],
        column_of_row[fold.train],
        fold_table,
        row_classes,
        recipe,
        seed,
        phase,
        device,
        on_step,
        roll_back,
    )
    head = _head(model, features[fold.train], column_of_row[fold.train], fold_table, recipe)
    return Outcome(
        head.scores(fold_table, x),
        y,
        fold_table.is_seen,
        head.distances(fold_table, x),
        roll_back.share if roll_back else 1.0,
    )


def _learning_less(recipe: Recipe, share: float) -> Recipe:
    """The recipe with a share of its generate-and-learn."""
    learn_epochs = share * recipe.training.learn_epochs
    return replace(recipe, training=replace(recipe.training, learn_epochs=learn_epochs))


def _head(
    model: MultiModalVAE,
    features: Features,
    labels: npt.NDArray[np.int64],
    table: ClassTable,
    recipe: Recipe,
) -> Head:
    """A head that remembers its training rows, not calibrated yet."""
    rows = np.unique(labels, return_inverse=True)[1]
    memory = remember(model, features, rows, table.seen_names)
    origin, frozen = BackboneInfo("features of unknown origin"), model.frozen()
    calibration = Calibration(outside_weight=Outside(frozen).weight)
    return Head(frozen, table, origin, recipe.training, calibration, memory=memory)


def fit_model(
    features: Features,
    labels: npt.NDArray[np.int64],
    table: ClassTable,
    row_classes: RowClasses | None,
    recipe: Recipe,
    seed: int,
    phase: str,
    device: str,
    on_step: OnStep | None,
    roll_back: RollBack | None = None,
) -> MultiModalVAE:
    """Train a model on the classes of a table, and on those that the backbone knows."""
    every, rows = table, None
    if row_classes is not None:
        known = row_classes.table
        others = [name for name in known.names if name not in set(table.names)]
        every = table.joined(known.select(others)) if others else table
        rows = BackboneRows(row_classes.weights, every.rows_of(known.names))
    return fit(
        features,
        labels,
        every.attributes,
        every.is_seen,
        recipe,
        seed,
        rows=rows,
        text_dim=table.text_dim,
        phase=phase,
        roll_back=roll_back,
        device=device,
        on_step=on_step,
    )
