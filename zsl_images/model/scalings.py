"""Scalings: what features and attributes become before the model reads them.

Letters: N rows, B batch, K classes, S seen classes, D feature, P scaled feature, A attribute.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from zsl_images.model.config import ModelConfig
from zsl_images.model.formulas import (
    LengthFormula,
    MaxFormula,
    StandardFormula,
    WhitenedFormula,
)


class FeatureScaling(nn.Module, ABC):
    """Features as a backbone gives them → scaled features, which the VAE models.

    Args:
        config: Sizes, power and radius.
    """

    width: int
    """P."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config

    @abstractmethod
    def fit(self, blocks: Iterable[Tensor]) -> None:
        """Take the statistics of training features, which come in blocks of rows (B, D)."""

    @abstractmethod
    def forward(self, features: Tensor) -> Tensor:
        """Scale features: (B, D) → (B, P)."""

    @abstractmethod
    def place(self, x: Tensor) -> Tensor:
        """Bring generated features to where scaled features lie: (B, P) → (B, P)."""


class MaxScaling(MaxFormula, FeatureScaling):
    """x / max, see `MaxFormula`.

    Args:
        config: Sizes.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.width = config.feature_dim
        self.register_buffer("scale", torch.ones(()))
        self.scale: Tensor

    def fit(self, blocks: Iterable[Tensor]) -> None:
        """Take the largest of all training features, which come in blocks of rows (B, D)."""
        largest = torch.stack([block.max() for block in blocks]).max()
        self.scale = largest.clamp_min(1e-12).reciprocal()


class WhitenedScaling(WhitenedFormula, FeatureScaling):
    """Half-way to white, see `WhitenedFormula`.

    Args:
        config: Sizes, power and radius.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.width = config.latent_dim
        self.register_buffer("centre", torch.zeros(config.feature_dim))
        self.register_buffer("projection", torch.ones(self.width, config.feature_dim))
        self.centre: Tensor
        self.projection: Tensor

    def fit(self, blocks: Iterable[Tensor]) -> None:
        """Take mean and principal axes of training features; axes they don't have are 0.

        Args:
            blocks: The features in blocks of rows (B, D), so that they need not be in memory at once.
        """
        rows, total = 0, self.centre.new_zeros(self.centre.shape, dtype=torch.float64)
        products = total.outer(total)
        for block in blocks:
            features = self.directions(block.double())
            rows += len(features)
            total += features.sum(0)
            products += features.T @ features
        centre = total / rows
        variance, axes = torch.linalg.eigh(products / rows - centre.outer(centre))
        variance, axes = variance.flip(0), axes.flip(1).T  # falling, one axis per row
        kept = int((variance[: self.width] > 1e-9 * variance[0]).sum())
        self.centre = centre.float()
        self.projection = torch.zeros_like(self.projection)
        self.projection[:kept] = (axes[:kept] / variance[:kept, None] ** 0.25).float()


class AttributeScaling(nn.Module, ABC):
    """Attributes as a table gives them → attributes as the prior reads them.

    Args:
        config: Sizes.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config

    @abstractmethod
    def fit(self, attributes: Tensor) -> None:
        """Take the statistics of the seen classes' attributes (S, A)."""

    @abstractmethod
    def forward(self, attributes: Tensor) -> Tensor:
        """Scale attributes: (K, A) → (K, A), each row of length 1."""


class LengthScaling(LengthFormula, AttributeScaling):
    """a / ‖a‖, see `LengthFormula`."""

    def fit(self, attributes: Tensor) -> None:
        """A length takes no statistics."""


class StandardScaling(StandardFormula, AttributeScaling):
    """Standardised, then of length 1; see `StandardFormula`.

    Args:
        config: Sizes.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.register_buffer("shift", torch.zeros(config.attribute_dim))
        self.register_buffer("scale", torch.ones(config.attribute_dim))
        self.shift: Tensor
        self.scale: Tensor

    def fit(self, attributes: Tensor) -> None:
        """Take mean and deviation of the seen classes' attributes (S, A)."""
        deviations = torch.split(attributes.std(0, unbiased=False), widths_of(self.config))
        self.shift = attributes.mean(0)
        spread = torch.cat([deviation + deviation.mean() for deviation in deviations])
        self.scale = spread.clamp_min(1e-12).reciprocal()


def widths_of(config: ModelConfig) -> list[int]:
    """How many columns are attributes, and how many a description; without those there are none of."""
    return [n for n in (config.attribute_dim - config.text_dim, config.text_dim) if n]


FEATURE_SCALINGS: dict[str, type[FeatureScaling]] = {"max": MaxScaling, "whitened": WhitenedScaling}
"""Name in a `ModelConfig` → class."""

ATTRIBUTE_SCALINGS: dict[str, type[AttributeScaling]] = {
    "length": LengthScaling,
    "standard": StandardScaling,
}
"""Name in a `ModelConfig` → class."""
