"""Noise: how generated latents and features differ from their means."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from zsl_images.model.config import TrainConfig
from zsl_images.model.mmvae import MultiModalVAE
from zsl_images.model.scalings import on_sphere


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What training reads, all scaled.

    Args:
        features: x, (N, P), of seen classes.
        labels: y, (N,), row of `attributes`, below S.
        attributes: a, (K, A), the S seen classes first.
        seen_classes: S.
    """

    features: Tensor
    labels: Tensor
    attributes: Tensor
    seen_classes: int

    def class_means(self, values: Tensor) -> Tensor:
        """Mean of `values` (N, ...) over the rows of each seen class: (S, ...)."""
        sums = torch.zeros(self.seen_classes, values.shape[1]).index_add(0, self.labels, values)
        return sums / torch.bincount(self.labels, minlength=self.seen_classes)[:, None]


class _Noise:
    """What is added to class priors and to decoded features when unseen classes are generated."""

    def __init__(
        self,
        model: MultiModalVAE,
        data: TrainingData,
        left_out: Tensor | None,
        config: TrainConfig,
        generator: torch.Generator,
    ) -> None:
        self.generator, self.latent_dim = generator, model.config.latent_dim
        self.errors: Tensor | None = None
        self.residuals: Tensor | None = None
        if config.noise == "measured" and left_out is not None:
            with torch.no_grad():
                self.errors = _class_means(model, data) - left_out  # (S, L)
                self.residuals = data.features - data.class_means(data.features)[data.labels]

    def of_latents(self, count: int) -> Tensor:
        """(count, L)."""
        if self.errors is None:
            return torch.randn(count, self.latent_dim, generator=self.generator)
        return self.errors[torch.randint(len(self.errors), (count,), generator=self.generator)]

    def of_features(self, count: int) -> Tensor | None:
        """(count, P), or None for none."""
        if self.residuals is None:
            return None
        rows = torch.randint(len(self.residuals), (count,), generator=self.generator)
        return self.residuals[rows]


def _class_means(model: MultiModalVAE, data: TrainingData) -> Tensor:
    """Mean latent of each seen class, (S, L)."""
    return on_sphere(data.class_means(model.encoder.mean(data.features)), model.config.radius)
