"""Training a head without any photo, from the classes that its backbone already knows.

The rows of the backbone's classifier give classes their places, and the prior network learns from
these how attributes look. Features are generated around the places, and from them come the seen
penalty, temperature and known distances, as they come from held-out photos otherwise.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from zsl_images.classes.class_table import ClassTable
from zsl_images.defaults import CPU, MAX_SEEN_LOSS, ROWS_RECIPE
from zsl_images.errors import DataError, counted
from zsl_images.head.calibration import Calibration, fit_temperature, penalty_within
from zsl_images.head.fit import fit_model
from zsl_images.head.head import BackboneInfo, Head
from zsl_images.head.row_classes import RowClasses
from zsl_images.metrics import seen_unseen_curve
from zsl_images.model.mmvae import MultiModalVAE
from zsl_images.model.priors import EvidencePrior
from zsl_images.model.recipes import recipe_named
from zsl_images.model.scoring import class_scores, nearest_distances

SPREAD = 2.0
"""How far photos lie off the mean of their class, in units of how far classes lie apart. With it,
generated features need about the same temperature as photos of the animals that have some."""

_GENERATED = 4096
"""Features that are generated."""

_FOLDS = 5
"""One class in so many plays unseen."""


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
            f"the map has {counted(len(rows), 'class')} of the backbone, expected 3 or more to "
            "learn from without photos; add rows to the map, or train on photos"
        )
    recipe = recipe_named(ROWS_RECIPE)
    without_steps = replace(recipe.training, learn_steps=0)  # there are no photos to learn from
    recipe = replace(recipe, training=without_steps)
    table = table.with_seen(()).with_rows(rows.table.names)
    nothing = np.zeros((0, rows.weights.shape[1]), np.float32), np.zeros(0, np.int64)
    model = fit_model(*nothing, table, rows, recipe, seed, "training", CPU, None)
    head = Head(model.frozen(), table, backbone, recipe.training)
    return replace(head, calibration=_calibrated(head, rows, seed))


@torch.inference_mode()
def _calibrated(head: Head, rows: RowClasses, seed: int) -> Calibration:
    """Seen penalty, temperature and known distances that suit generated features.

    Features lie around the place that its row gives a class. A class without a row lies as far off its
    prior as rows are off what the other rows predict. For the seen penalty, a fifth of the classes with
    a row play unseen: the other rows predict their priors.
    """
    prior, table = head.model.prior, head.table
    assert isinstance(prior, EvidencePrior)
    generator = torch.Generator().manual_seed(seed)
    own = torch.from_numpy(head.priors_of(rows.table.attributes))  # (J, L)
    plays_unseen = torch.rand(len(own), generator=generator) < 1 / _FOLDS
    left_out = prior.places - prior.row_errors()
    labels = torch.randint(len(own), (_GENERATED,), generator=generator)
    x = _photos(head.model, prior.places[labels], generator)
    candidates = torch.where(plays_unseen[:, None], left_out, own)
    scores = class_scores(head.model.encoder.mean(x), candidates).numpy()
    curve = seen_unseen_curve(scores, labels.numpy(), ~plays_unseen.numpy())
    penalty = max(0.0, penalty_within(curve, MAX_SEEN_LOSS))

    priors = torch.from_numpy(head.class_priors(table))  # (K, L)
    labels = torch.randint(len(priors), (_GENERATED,), generator=generator)
    row_of = {name: row for row, name in enumerate(rows.table.names)}
    row = torch.tensor([row_of.get(name, -1) for name in table.names])[labels]  # (N,)
    errors = prior.row_errors()[torch.randint(len(own), (_GENERATED,), generator=generator)]
    means = torch.where((row >= 0)[:, None], prior.places[row], priors[labels] + errors)
    x = _photos(head.model, means, generator)
    scores = class_scores(head.model.encoder.mean(x), priors).numpy() - penalty * table.is_known
    distances = nearest_distances(x, torch.from_numpy(head.centres(table))).numpy()
    quantiles = np.quantile(distances, np.linspace(0, 1, 101))
    return Calibration(
        seen_penalty=penalty,
        balanced_seen_penalty=curve.best_penalty,
        temperature=fit_temperature(scores, labels.numpy()),
        known_distances=tuple(map(float, quantiles)),
        uses_photos=False,
    )


def _photos(model: MultiModalVAE, means: Tensor, generator: torch.Generator) -> Tensor:
    """Scaled features (N, P) around the means of their classes (N, P).

    Photos differ from the mean of their class in the directions in which classes differ.
    """
    places = model.prior.get_buffer("places")  # (J, P)
    mix = torch.randn(len(means), len(places), generator=generator) / len(places) ** 0.5  # (N, J)
    off = SPREAD * mix @ (places - places.mean(0))  # (N, P)
    place = model.feature_scaling.place
    photos: Tensor = place(place(means) + off)
    return photos
