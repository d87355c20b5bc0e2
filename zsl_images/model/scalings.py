"""Scalings: what features and attributes become before the model reads them."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from zsl_images.model.config import ModelConfig

TEXT_SHARE = 0.25
"""What descriptions count beside attributes before a `KernelPrior` learns their relevance; chosen on
seen classes that played unseen."""


class FeatureScaling(nn.Module):
    """Features as a backbone gives them → features as the VAE models them.

    `max`: x / max, all of the training features lying in [0, 1].
    `whitened`: unit length, centred, projected on the first P principal components and divided by
    the fourth root of their variance (half-way to white), then brought to length `radius`.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.kind, self.radius = config.feature_scaling, config.radius
        self.register_buffer("centre", torch.zeros(config.feature_dim))
        whitened = self.kind == "whitened"
        shape = (config.scaled_dim, config.feature_dim) if whitened else ()
        self.register_buffer("projection", torch.ones(shape))
        self.centre: Tensor
        self.projection: Tensor

    def fit(self, features: Tensor) -> None:
        """Take the statistics of training features (N, D)."""
        if self.kind == "max":
            self.projection = features.max().clamp_min(1e-12).reciprocal()
            return
        features = F.normalize(features.double(), dim=1)
        centre = features.mean(0)
        variance, axes = torch.linalg.eigh(features.T @ features / len(features) - centre.outer(centre))
        variance, axes = variance.flip(0), axes.flip(1).T  # falling, an axis a row
        kept = int((variance[: len(self.projection)] > 1e-9 * variance[0]).sum())
        self.centre = centre.float()
        self.projection = torch.zeros(self.projection.shape)
        self.projection[:kept] = (axes[:kept] / variance[:kept, None] ** 0.25).float()

    def forward(self, features: Tensor) -> Tensor:
        """Scale features: (B, D) → (B, P)."""
        if self.kind == "max":
            return features * self.projection
        centred = F.normalize(features, dim=1) - self.centre
        return on_sphere(centred @ self.projection.T, self.radius)


class AttributeScaling(nn.Module):
    """Attributes as a table gives them → attributes as the prior network reads them.

    `length`: each class's attributes divided by their length.
    `standard`: (a - m) / (s + s̄) with mean m and deviation s over the training classes and s̄ the
    mean of s, so that an attribute which hardly varies is not blown up; then divided by the length.

    Where there are descriptions beside attributes, each of the two is scaled for itself, and of the
    squared length `TEXT_SHARE` is the descriptions'.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.kind = config.attribute_scaling
        widths = (config.attribute_dim - config.text_dim, config.text_dim)
        self.widths = [width for width in widths if width]
        self.register_buffer("shift", torch.zeros(config.attribute_dim))
        self.register_buffer("scale", torch.ones(config.attribute_dim))
        self.shift: Tensor
        self.scale: Tensor

    def fit(self, attributes: Tensor) -> None:
        """Take the statistics of the training classes' attributes (K, A)."""
        if self.kind == "standard":
            deviations = torch.split(attributes.std(0, unbiased=False), self.widths)
            self.shift = attributes.mean(0)
            spread = torch.cat([deviation + deviation.mean() for deviation in deviations])
            self.scale = spread.clamp_min(1e-12).reciprocal()

    def forward(self, attributes: Tensor) -> Tensor:
        """Scale attributes: (K, A) → (K, A), rows of length 1."""
        parts = torch.split((attributes - self.shift) * self.scale, self.widths, dim=1)
        lengths = (1.0,) if len(parts) == 1 else ((1 - TEXT_SHARE) ** 0.5, TEXT_SHARE**0.5)
        scaled: Tensor = torch.cat(
            [F.normalize(part, dim=1) * length for part, length in zip(parts, lengths, strict=True)],
            dim=1,
        )
        return scaled


def on_sphere(vectors: Tensor, radius: float) -> Tensor:
    """Bring each row to length `radius`; where `radius` is 0, leave it."""
    return F.normalize(vectors, dim=-1) * radius if radius else vectors
