"""Noise: how generated latents and features differ from their means.

Letters: N rows, S seen classes, P scaled feature, L latent.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import torch
from torch import Tensor


class Noise(ABC):
    """What is added to class priors, and to what they decode to, when features are generated.

    Args:
        errors: How far seen classes lie off the prior that the other classes predict, see
            `ClassPrior.errors`, (S, L); without a row, latents get the N(0, I) of the paper.
    """

    def __init__(self, errors: Tensor) -> None:
        self.errors = errors

    def of_latents(self, count: int, generator: torch.Generator) -> Tensor:
        """How far unseen classes may lie off their priors, (count, L)."""
        if not len(self.errors):
            return _normal(count, self.errors, generator)
        return _rows(self.errors, count, generator)

    @abstractmethod
    def of_features(self, count: int, generator: torch.Generator) -> Tensor:
        """How far features may lie off the decoder's mean, (count, P), or (count, 1) for all values."""


class UnitNoise(Noise):
    """z ~ N(mu(a), I), and x is the decoder's mean, as in the paper (eq. 4 and 8).

    Args:
        errors: (S, L), not used.
        deviations: Not used.
    """

    def __init__(self, errors: Tensor, deviations: Callable[[int, torch.Generator], Tensor]) -> None:
        super().__init__(errors[:0])

    def of_features(self, count: int, generator: torch.Generator) -> Tensor:
        """One zero for all values of a feature, (count, 1)."""
        return self.errors.new_zeros(count, 1)


class MeasuredNoise(Noise):
    """z is as far off its prior, and x as far off the decoder's mean, as was measured on seen classes.

    Args:
        errors: See `Noise`, (S, L).
        deviations: Draws how far random seen rows lie off the mean of their class, (count, P).
    """

    def __init__(self, errors: Tensor, deviations: Callable[[int, torch.Generator], Tensor]) -> None:
        super().__init__(errors)
        self.deviations = deviations

    def of_features(self, count: int, generator: torch.Generator) -> Tensor:
        """Random deviations, (count, P)."""
        return self.deviations(count, generator)


class GaussianNoise(Noise):
    """Like `MeasuredNoise`, for a head that remembers no rows but only how widely they spread.

    Args:
        errors: See `Noise`, (S, L).
        spread: Standard deviation of each scaled feature, (P,).
    """

    def __init__(self, errors: Tensor, spread: Tensor) -> None:
        super().__init__(errors)
        self.spread = spread

    def of_features(self, count: int, generator: torch.Generator) -> Tensor:
        """Normal deviates of that spread, (count, P)."""
        return _normal(count, self.spread, generator) * self.spread


NOISES: dict[str, type[UnitNoise | MeasuredNoise]] = {"unit": UnitNoise, "measured": MeasuredNoise}
"""Name in a `TrainConfig` → class."""


def _rows(values: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Random rows of `values` (N, W): (count, W)."""
    return values[torch.randint(len(values), (count,), generator=generator, device=values.device)]


def _normal(count: int, like: Tensor, generator: torch.Generator) -> Tensor:
    """Standard normal rows as wide as those of `like` (..., W): (count, W)."""
    return torch.randn(count, like.shape[-1], generator=generator, device=like.device)
