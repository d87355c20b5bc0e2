"""Memory: a summary of the training rows in a head, from which similar rows can be generated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from zsl_images.errors import DataError
from zsl_images.model.mmvae import MultiModalVAE
from zsl_images.model.noise import GaussianNoise, class_means

RANK = 4
"""R, number of directions in which a class keeps its own spread."""


@dataclass(frozen=True, eq=False)
class Memory:
    """Scaled features of the seen classes as one Gaussian per class (Tipping & Bishop, "Mixtures of
    Probabilistic Principal Component Analyzers", 1999); the spread beyond R directions is shared.

        x | y ~ N(m_y, F_yᵀ F_y + diag(r)²)

    Letters: S seen classes, R directions, P scaled feature, L latent.

    Args:
        names: Names of the seen classes, (S,).
        means: m, (S, P).
        spreads: F, (S, R, P).
        rest: r, (P,).
        errors: Distance of each training class from its prior as the other classes predict it,
            (S', L); no rows if the prior cannot leave a class out, see `ClassPrior.errors`.

    Raises:
        DataError: Shapes disagree.
    """

    names: tuple[str, ...]
    means: Tensor
    spreads: Tensor
    rest: Tensor
    errors: Tensor

    def __post_init__(self) -> None:
        classes, width = len(self.names), len(self.rest)
        if self.means.shape != (classes, width) or self.spreads.shape[::2] != (classes, width):
            raise DataError(
                f"a memory of {classes} classes and {width} scaled features has means of shape "
                f"{tuple(self.means.shape)} and spreads of shape {tuple(self.spreads.shape)}"
            )

    def select(self, names: Sequence[str]) -> Memory:
        """The remembered classes among `names`, in that order."""
        rows = [self.names.index(name) for name in names if name in self.names]
        return replace(
            self,
            names=tuple(self.names[row] for row in rows),
            means=self.means[rows],
            spreads=self.spreads[rows],
        )

    def renamed(self, names: Sequence[str]) -> Memory:
        """The same classes under other names."""
        return replace(self, names=tuple(names))

    def with_class(self, name: str, mean: Tensor) -> Memory:
        """The memory with one more class of mean (P,), spread like the class with the nearest mean.

        If no class is remembered, it has no spread of its own.
        """
        spread = self.spreads.new_zeros(1, *self.spreads.shape[1:])
        if self.names:
            spread = self.spreads[(self.means - mean).square().sum(1).argmin()][None]
        return replace(
            self,
            names=(*self.names, name),
            means=torch.cat([self.means, mean[None]]),
            spreads=torch.cat([self.spreads, spread]),
        )

    @property
    def noise(self) -> GaussianNoise:
        """The noise of generated features of an unseen class."""
        return GaussianNoise(self.errors, self.rest)

    def draw(self, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Generate features of remembered classes, still without `FeatureScaling.place`.

        Args:
            rows: Row of `names` for each feature, (B,).
            generator: Source of the noise.

        Returns:
            (B, P).
        """
        count, directions = len(rows), self.spreads.shape[1]
        device = self.means.device
        along = torch.randn(count, 1, directions, generator=generator, device=device)  # (B, 1, R)
        x = self.means[rows] + (along @ self.spreads[rows])[:, 0]  # (B, P)
        return x + self.noise.of_features(count, generator)


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
    return Memory(tuple(names), means, spreads, (rest / len(x)).sqrt(), errors)
