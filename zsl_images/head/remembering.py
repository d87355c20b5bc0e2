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
from zsl_images.model.noise import GaussianNoise, class_means

RANK = 4
"""R, number of directions in which a class keeps its own spread."""


@torch.no_grad()
def remember(model: MultiModalVAE, features: Tensor, labels: Tensor, names: Sequence[str]) -> Memory:
    """Summarise the rows that a model was trained on.

    Args:
        model: A model trained on these rows.
        features: Features (N, D) as the backbone gives them.
        labels: Row of `names` for each feature, (N,); each class has at least one.
        names: Names of the seen classes in the order of the class table, (S,).
    """
    classes = len(names)
    x = model.feature_scaling(features)  # (N, P)
    means = class_means(x, labels, classes)  # (S, P)
    spreads = x.new_zeros(classes, RANK, x.shape[1])
    rest = x.new_zeros(x.shape[1])
    for row in range(classes):
        off = x[labels == row] - means[row]
        _, sizes, axes = torch.linalg.svd(off, full_matrices=False)
        kept = min(RANK, len(sizes))
        spreads[row, :kept] = sizes[:kept, None] * axes[:kept] / len(off) ** 0.5
        rest += (off.square().sum(0) - len(off) * spreads[row].square().sum(0)).clamp_min(0)
    errors = model.prior.errors(model.class_means(x, labels, classes))  # (S, L)
    parts = (means, spreads, (rest / len(x)).sqrt(), errors)
    return Memory(tuple(names), *(part.cpu().numpy() for part in parts))


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
