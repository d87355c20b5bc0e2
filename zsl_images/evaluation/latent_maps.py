"""Latent maps: encoded photos and class priors of a head in the plane (the paper's fig. 3)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.manifold import TSNE

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError
from zsl_images.evaluation.xlsa17 import Benchmark
from zsl_images.head.head import Head
from zsl_images.model.latent_space import space_of

_PERPLEXITY = 30.0


@dataclass(frozen=True, eq=False)
class LatentMap:
    """Where a head puts the photos and the classes of a data set.

    Args:
        photos: Places of N photos, (N, 2); only their neighbourhood means something.
        labels: Row of each photo's class in `table`, (N,).
        priors: Places of the K class priors, (K, 2).
        table: The K classes.
        rows: Row of each photo in the data set, (N,).
    """

    photos: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    priors: npt.NDArray[np.float32]
    table: ClassTable
    rows: npt.NDArray[np.int64]


def latent_map(head: Head, data: Benchmark, seed: int = 0, most: int = 2000) -> LatentMap:
    """Lay out the test photos of a data set and all class priors by t-SNE, together.

    If latents lie on a sphere, class priors are placed on it too: they are shorter, the less certain
    the place of a class is, and would otherwise all be drawn in the middle.

    Args:
        head: Head that was trained on this data set.
        data: Data set; its table gives the classes.
        seed: Seed of t-SNE and of the choice of photos.
        most: Photos that are laid out at most; more are thinned at random.

    Raises:
        DataError: There are too few photos to lay out.
    """
    rows = np.concatenate([data.rows["test_seen"], data.rows["test_unseen"]])
    rng = np.random.default_rng(seed)
    if len(rows) > most:
        rows = rng.choice(rows, most, replace=False)
    if len(rows) < 5:
        raise DataError(f"{data.name} has {len(rows)} test photos, expected 5 or more for a map")
    priors = space_of(head.config.radius).place(head.class_priors(data.table))
    latents = head.frozen.latents(data.features[rows])
    everything = np.concatenate([latents, priors]).astype(np.float32)
    perplexity = min(_PERPLEXITY, (len(everything) - 1) / 3)
    placed = TSNE(init="pca", perplexity=perplexity, random_state=seed).fit_transform(everything)
    return LatentMap(placed[: len(rows)], data.labels[rows], placed[len(rows) :], data.table, rows)
