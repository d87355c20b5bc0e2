"""Memory: what a head keeps of the rows it learned from, so that they can be generated again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from zsl_images.errors import DataError
from zsl_images.model.mmvae import MultiModalVAE
from zsl_images.model.priors import KernelPrior
from zsl_images.model.scalings import on_sphere

RANK = 4
"""R, the directions along which each seen class's own spread is kept."""


@dataclass(frozen=True, eq=False)
class Memory:
    """Scaled features of the seen classes in brief: a Gaussian a class (Tipping & Bishop, "Mixtures of
    Probabilistic Principal Component Analyzers", 1999), with what is beyond R directions shared.

        x | y ~ N(m_y, F_yᵀ F_y + diag(r)²)

    Letters: S seen classes, R directions, P scaled feature, L latent.

    Args:
        names: (S,) the seen classes.
        means: m, (S, P).
        spreads: F, (S, R, P).
        rest: r, (P,).
        errors: how far each seen class lies off the prior that the others foretell, (S', L) of the
            classes that training saw; none for a prior that is no `KernelPrior`.

    Raises:
        DataError: shapes disagree.
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
        """The classes among `names`, in that order; those not remembered are left out."""
        rows = [self.names.index(name) for name in names if name in self.names]
        return replace(
            self,
            names=tuple(self.names[row] for row in rows),
            means=self.means[rows],
            spreads=self.spreads[rows],
        )

    def renamed(self, names: Sequence[str]) -> Memory:
        """The same classes by other names."""
        return replace(self, names=tuple(names))

    def with_class(self, name: str, mean: Tensor) -> Memory:
        """With one more class, spread about its mean (P,) as the class with the nearest mean is.

        Where no class is remembered, it has no spread of its own.
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

    def draw(self, rows: Tensor, radius: float, generator: torch.Generator) -> Tensor:
        """Generate scaled features.

        Args:
            rows: of the classes wanted, (B,).
            radius: of the sphere they lie on, see `ModelConfig`.
            generator: of the noise.

        Returns:
            (B, P).
        """
        along = torch.randn(len(rows), 1, self.spreads.shape[1], generator=generator)  # (B, 1, R)
        x = self.means[rows] + (along @ self.spreads[rows])[:, 0]
        return on_sphere(x + self.noise(len(rows), generator), radius)

    def noise(self, count: int, generator: torch.Generator) -> Tensor:
        """How a class nobody saw spreads about its decoded prior: (count, P)."""
        return torch.randn(count, len(self.rest), generator=generator) * self.rest

    def latent_noise(self, count: int, generator: torch.Generator) -> Tensor:
        """How far an unseen class may lie off its prior: (count, L)."""
        if not len(self.errors):
            return torch.randn(count, self.errors.shape[1], generator=generator)
        return self.errors[torch.randint(len(self.errors), (count,), generator=generator)]


def remember(
    model: MultiModalVAE, features: Tensor, labels: Tensor, names: Sequence[str], ridge: float
) -> Memory:
    """What a trained model is to keep of the rows it learned from.

    Args:
        model: trained on them.
        features: (N, D) as the backbone gives them.
        labels: (N,) row of `names`; each class has one or more.
        names: (S,) the seen classes, in the order of the class table.
        ridge: of a `KernelPrior`, see `KernelPrior.solve`.
    """
    config = model.config
    with torch.no_grad():
        x = model.feature_scaling(features)
        z = model.encoder.mean(x)
        rows = [labels == row for row in range(len(names))]
        means = torch.stack([x[of_class].mean(0) for of_class in rows])
        spreads = torch.zeros(len(names), RANK, x.shape[1])
        rest = torch.zeros(x.shape[1])
        for row, of_class in enumerate(rows):
            off = x[of_class] - means[row]
            _, sizes, axes = torch.linalg.svd(off, full_matrices=False)
            kept = min(RANK, len(sizes))
            spreads[row, :kept] = sizes[:kept, None] * axes[:kept] / len(off) ** 0.5
            rest += (off.square().sum(0) - len(off) * spreads[row].square().sum(0)).clamp_min(0)
        errors = torch.zeros(0, config.latent_dim)
        if isinstance(model.prior, KernelPrior):
            latents = torch.stack([z[of_class].mean(0) for of_class in rows])
            latents = on_sphere(latents, config.radius)
            errors = latents - model.prior.solve(latents, ridge)[1]
    return Memory(tuple(names), means, spreads, (rest / len(x)).sqrt(), errors)
