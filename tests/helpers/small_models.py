"""Small data, and recipes small enough to train on it in a moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from zsl_images.model.config import Recipe
from zsl_images.model.mmvae import MultiModalVAE
from zsl_images.model.recipes import recipe_named
from zsl_images.model.training import fit
from zsl_images.progress import StepRecord

SEEN, UNSEEN, WIDTH, ROWS = 12, 4, 40, 15


@dataclass(frozen=True)
class Data:
    """Features that depend on attributes: 12 seen classes with 15 rows each, and 4 unseen."""

    features: np.ndarray
    labels: np.ndarray
    attributes: np.ndarray
    is_seen: np.ndarray

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """In the order that `fit` takes them."""
        return self.features, self.labels, self.attributes, self.is_seen


def small_data(of_unseen: bool = False) -> Data:
    """Rows of the seen classes, or of the unseen ones of the same data."""
    rng = np.random.default_rng(0)
    attributes = rng.uniform(0, 100, (SEEN + UNSEEN, 10)).astype(np.float32)
    means = attributes @ rng.normal(size=(10, WIDTH)) / 30
    rows = range(SEEN, SEEN + UNSEEN) if of_unseen else range(SEEN)
    labels = np.repeat(np.array(rows), ROWS)
    features = np.maximum(means[labels] + rng.normal(size=(len(labels), WIDTH)), 0)
    is_seen = np.arange(SEEN + UNSEEN) < SEEN
    return Data(features.astype(np.float32), labels, attributes, is_seen)


def small(name: str, **training: object) -> Recipe:
    """The recipe of that name with the same parts, of fewer units."""
    recipe = recipe_named(name)
    return replace(
        recipe,
        model=replace(recipe.model, latent_dim=16, encoder_hidden=(32,), decoder_hidden=(32,)),
        training=replace(recipe.training, **training),
    )


def fitted(
    data: Data, recipe: Recipe, seed: int = 0, on_step: Callable[[StepRecord], None] | None = None
) -> MultiModalVAE:
    """A model trained on the data."""
    return fit(*data.arrays(), recipe, seed, on_step=on_step)
