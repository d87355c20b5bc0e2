"""Scalings: what features and attributes become before the model reads them.

Letters: N rows, B batch, K classes, S seen classes, D feature, P scaled feature, A attribute.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from zsl_images.errors import DataError
from zsl_images.model.config import ModelConfig
from zsl_images.model.formulas import (
    CentredFormula,
    LengthFormula,
    MaxFormula,
    StandardFormula,
    WhitenedFormula,
)

ROWS_SHARE = 0.03
"""Weight of the covariance of a classifier's rows beside that of the features; chosen on seen classes
that played unseen."""


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
    def fit(self, blocks: Iterable[Tensor], rows: Tensor | None = None) -> None:
        """Take the statistics of training features.

        Args:
            blocks: The features in blocks (B, D).
            rows: Rows (J, D) of a backbone's classifier, at unit length.
        """

    @abstractmethod
    def forward(self, features: Tensor) -> Tensor:
        """Scale features: (B, D) → (B, P)."""

    @abstractmethod
    def place(self, x: Tensor) -> Tensor:
        """Bring generated features to where scaled features lie: (B, P) → (B, P)."""

    def places_of(self, rows: Tensor) -> Tensor:
        """Where photos of a class lie, as its row of a backbone's classifier says: (J, D) → (J, P).

        Raises:
            DataError: This scaling cannot tell.
        """
        raise DataError(
            "this recipe cannot learn from the classes of a backbone; take the recipe 'rows'"
        )


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

    def fit(self, blocks: Iterable[Tensor], rows: Tensor | None = None) -> None:
        """Take the largest of all training features, which come in blocks (B, D)."""
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

    def fit(self, blocks: Iterable[Tensor], rows: Tensor | None = None) -> None:
        """Take mean and principal axes of training features; axes they don't have are 0.

        Args:
            blocks: The features in blocks (B, D), so that they need not be in memory at once.
            rows: Rows (J, D) of a backbone's classifier, at unit length. `ROWS_SHARE` times their
                covariance is added to that of the features, so that no axis is left out that tells
                classes apart which have no photo.
        """
        count, total = 0, self.centre.new_zeros(self.centre.shape, dtype=torch.float64)
        products = total.outer(total)
        for block in blocks:
            features = self.directions(block.double())
            count += len(features)
            total += features.sum(0)
            products += features.T @ features
        centre = total / max(1, count)
        covariance = products / max(1, count) - centre.outer(centre)
        if rows is not None:
            covariance += ROWS_SHARE * torch.cov(rows.double().T, correction=0)
        variance, axes = torch.linalg.eigh(covariance)
        variance, axes = variance.flip(0), axes.flip(1).T  # falling, one axis per row
        kept = int((variance[: self.width] > 1e-9 * variance[0]).sum())
        self.centre = centre.float()
        self.projection = torch.zeros_like(self.projection)
        self.projection[:kept] = (axes[:kept] / variance[:kept, None] ** 0.25).float()

    def places_of(self, rows: Tensor) -> Tensor:
        """Where photos of a class lie, as its row says: (J, D) → (J, P).

        A row w scores photos by w · x. In scaled features the same score is Λ^(1/4) Vᵀ w · x', and the
        photos that score highest lie in the direction of its first factor.
        """
        length = self.projection.square().sum(1).clamp_min(1e-12)  # Λ^(-1/2)
        places: Tensor = self.place(rows @ (self.projection / length[:, None]).T)
        return places


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


class CentredScaling(CentredFormula, AttributeScaling):
    """Centred, then of length 1; see `CentredFormula`.

    Args:
        config: Sizes.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.register_buffer("shift", torch.zeros(config.attribute_dim))
        self.shift: Tensor

    def fit(self, attributes: Tensor) -> None:
        """Take the mean of these classes' attributes (M, A)."""
        self.shift = attributes.mean(0)


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
    "centred": CentredScaling,
    "standard": StandardScaling,
}
"""Name in a `ModelConfig` → class."""
