"""Remembering: training rows become a head's memory, and a memory becomes rows like them.

Letters: B rows, N training rows, S seen classes, R directions, D feature, P scaled feature, L latent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsl_images.head.class_memory import Memory
from zsl_images.model.mmvae import MultiModalVAE
from zsl_images.model.noise import GaussianNoise
from zsl_images.model.training import Features, tensor_of

RANK = 4
"""R, number of directions in which a class keeps its own spread."""


@torch.no_grad()
def remember(
    model: MultiModalVAE, features: Features, labels: npt.NDArray[np.int64], names: Sequence[str]
) -> Memory:
    """Summarise the rows that a model was trained on. Those of one class are in memory at a time.

    Args:
        model: A model trained on these rows.
        features: Features (N, D) as the backbone gives them, perhaps memory-mapped.
        labels: Row of `names` for each feature, (N,); each class has at least one.
        names: Names of the seen classes in the order of the class table, (S,).
    """
    width, device = model.feature_scaling.width, model.device
    means = torch.zeros(len(names), width, device=device)
    spreads = torch.zeros(len(names), RANK, width, device=device)
    rest = torch.zeros(width, device=device)
    for row, members in enumerate(rows_by_class(labels, len(names))):
        x = model.feature_scaling(tensor_of(features[members], device))
        means[row] = x.mean(0)
        off = x - means[row]
        _, sizes, axes = torch.linalg.svd(off, full_matrices=False)
        kept = min(RANK, len(sizes))
        spreads[row, :kept] = sizes[:kept, None] * axes[:kept] / len(off) ** 0.5
        rest += (off.square().sum(0) - len(off) * spreads[row].square().sum(0)).clamp_min(0)
    errors = model.prior.errors(model.encoder.mean(means))  # (S, L)
    parts = (means, spreads, (rest / len(labels)).sqrt(), errors)
    return Memory(tuple(names), *(part.cpu().numpy() for part in parts))


def rows_by_class(labels: npt.NDArray[np.int64], classes: int) -> list[npt.NDArray[np.int64]]:
    """The rows of each class, rising, from one pass over the labels (N,)."""
    ends = np.cumsum(np.bincount(labels, minlength=classes))[:-1]
    return np.split(np.argsort(labels, kind="stable"), ends)


class Recollection:
    """A memory in tensors, which generates features.

    Args:
        memory: A memory.
        device: Where features are generated.
    """

    def __init__(self, memory: Memory, device: torch.device) -> None:
        def tensor(part: npt.NDArray[np.float32]) -> Tensor:
            return torch.tensor(part, device=device)

        self.means, self.spreads = tensor(memory.means), tensor(memory.spreads)
        self.noise = GaussianNoise(tensor(memory.errors), tensor(memory.rest))
        """The noise of generated features of an unseen class."""

    def draw(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Generate features of remembered classes, still without `FeatureScaling.place`.

        Args:
            rows: Row of the memory's `names` for each feature, (B,).
            generator: Source of the noise.

        Returns:
            (B, P).
        """
        count, directions = len(rows), self.spreads.shape[1]
        device = self.means.device
        along = torch.randn(count, 1, directions, generator=generator, device=device)  # (B, 1, R)
        x = self.means[rows] + (along @ self.spreads[rows])[:, 0]  # (B, P)
        return x + self.noise.of_features(count, generator)
