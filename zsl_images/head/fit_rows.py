"""Training a head without any photo, from the classes that its backbone already knows.

The rows of the backbone's classifier give classes their places, and the prior network learns from
these how attributes look. Features are generated around the places, and from them come temperature and
known distances, as they come from held-out photos otherwise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from zsl_images.classes.class_table import ClassTable
from zsl_images.defaults import CPU, ROWS_RECIPE
from zsl_images.errors import DataError
from zsl_images.head.calibration import Calibration, fit_temperature
from zsl_images.head.fit import fit_model
from zsl_images.head.head import BackboneInfo, Head
from zsl_images.head.row_classes import RowClasses
from zsl_images.model.priors import EvidencePrior
from zsl_images.model.recipes import recipe_named
from zsl_images.model.scoring import class_scores, nearest_distances

SPREAD = 2.0
"""Length of a photo's distance from the mean of its class, in units of a latent's length; with it,
generated features need the same temperature as photos of the animals that have some."""

_GENERATED = 4096
"""Features that are generated."""


def train_on_rows(
    rows: RowClasses, table: ClassTable, backbone: BackboneInfo, *, seed: int = 0
) -> Head:
    """A head from the classes of a backbone alone.

    Args:
        rows: What the backbone knows.
        table: K candidates; all are unseen, and those with a row are known by the backbone.
        backbone: The backbone.
        seed: Seed of the generated features.

    Raises:
        DataError: Fewer than three classes have a row.
    """
    if len(rows) < 3:
        raise DataError(
            f"the map has {len(rows)} classes of the backbone, expected 3 or more to learn from "
            "without photos; add rows to the map, or train on photos"
        )
    recipe = recipe_named(ROWS_RECIPE)
    recipe = replace(
        recipe, training=replace(recipe.training, learn_steps=0)
    )  # no photos to learn from
    table = table.with_seen(()).with_rows(rows.table.names)
    nothing = np.zeros((0, rows.weights.shape[1]), np.float32), np.zeros(0, np.int64)
    model = fit_model(*nothing, table, rows, recipe, seed, "training", CPU, None)
    head = Head(model.frozen(), table, backbone, recipe.training)
    return replace(head, calibration=_calibrated(head, rows, seed))


@torch.inference_mode()
def _calibrated(head: Head, rows: RowClasses, seed: int) -> Calibration:
    """Temperature and known distances that suit features generated for each class of the head.

    A class with a row has its photos around the place that the row says; the others as far off their
    prior as rows are off what the other rows predict.
    """
    model, generator = head.model, torch.Generator().manual_seed(seed)
    prior = model.prior
    assert isinstance(prior, EvidencePrior)
    priors = torch.from_numpy(head.class_priors(head.table))  # (K, L)
    labels = torch.randint(len(priors), (_GENERATED,), generator=generator)
    errors = prior.row_errors()  # (J, L)
    drawn = torch.randint(len(errors), (_GENERATED,), generator=generator)
    row_of = {name: row for row, name in enumerate(rows.table.names)}
    row = torch.tensor([row_of.get(name, -1) for name in head.table.names])[labels]  # (N,)
    means = torch.where((row >= 0)[:, None], prior.places[row], priors[labels] + errors[drawn])
    apart = prior.places - prior.places.mean(0)  # (J, L)
    mix = torch.randn(_GENERATED, len(apart), generator=generator) / len(apart) ** 0.5  # (N, J)
    off = SPREAD * mix @ apart  # (N, L)
    x = model.feature_scaling.place(model.feature_scaling.place(means) + off)  # (N, P)
    scores = class_scores(model.encoder.mean(x), priors).numpy()
    distances = nearest_distances(x, torch.from_numpy(head.centres(head.table))).numpy()
    quantiles = np.quantile(distances, np.linspace(0, 1, 101))
    return Calibration(
        temperature=fit_temperature(scores, labels.numpy()),
        known_distances=tuple(map(float, quantiles)),
    )
