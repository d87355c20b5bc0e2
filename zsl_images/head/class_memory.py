"""Memory: a summary of the training rows in a head, from which similar rows can be generated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from zsl_images.errors import DataError

Rows = npt.NDArray[np.float32]


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
    means: Rows
    spreads: Rows
    rest: Rows
    errors: Rows

    def __post_init__(self) -> None:
        classes, width = len(self.names), len(self.rest)
        if self.means.shape != (classes, width) or self.spreads.shape[::2] != (classes, width):
            raise DataError(
                f"a memory of {classes} classes and {width} scaled features has means of shape "
                f"{self.means.shape} and spreads of shape {self.spreads.shape}"
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

    def with_class(self, name: str, mean: Rows) -> Memory:
        """The memory with one more class of mean (P,), spread like the class with the nearest mean.

        If no class is remembered, it has no spread of its own.
        """
        spread = np.zeros((1, *self.spreads.shape[1:]), np.float32)
        if self.names:
            spread = self.spreads[[np.square(self.means - mean).sum(axis=1).argmin()]]
        return replace(
            self,
            names=(*self.names, name),
            means=np.concatenate([self.means, mean[None]]),
            spreads=np.concatenate([self.spreads, spread]),
        )
