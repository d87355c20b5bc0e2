"""The parts of the multi-modal VAE: encoder q(z|x), decoder p(x|z), prior network p(z|a), scalings.

Letters: B batch, K classes, D feature, P scaled feature, A attribute, L latent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from zsl_images.model.config import ModelConfig
from zsl_images.model.scalings import on_sphere


class Encoder(nn.Module):
    """q(z|x) = N(mu(x), diag exp(logvar(x))).

    Without hidden layers the mean is the scaled feature itself with a learned shift. Of a whitened
    feature these are its principal components, which a linear VAE converges to (Lucas et al., "Don't
    Blame the ELBO!", NeurIPS 2019); they keep classes apart that were never seen, where an encoder
    with more freedom learns the seen ones by heart.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths = (config.scaled_dim, *config.encoder_hidden)
        self.hidden = _dense(widths, config, config.encoder_dropout)
        width, latent_dim = widths[-1], config.latent_dim
        self.mu = nn.Linear(width, latent_dim) if config.encoder_hidden else Shift(width)
        self.logvar = nn.Linear(width, latent_dim)
        if not config.encoder_hidden:
            nn.init.zeros_(self.logvar.weight)
            nn.init.constant_(self.logvar.bias, -3.0)
        self.radius = config.radius

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Encode scaled features: (B, P) → mu (B, L), logvar (B, L)."""
        hidden = self.hidden(x)
        return on_sphere(self.mu(hidden), self.radius), self.logvar(hidden)

    def mean(self, x: Tensor) -> Tensor:
        """mu alone, which is all that classifying takes: (B, P) → (B, L)."""
        return on_sphere(self.mu(self.hidden(x)), self.radius)


class Shift(nn.Module):
    """x + b, with b learned."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """(B, P) → (B, P)."""
        return x + self.bias


class Decoder(nn.Module):
    """p(x|z): a Gaussian of unit variance whose mean this network gives."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths = (config.latent_dim, *config.decoder_hidden)
        self.hidden = (
            _dense(widths, config, config.decoder_dropout)
            if config.decoder_hidden
            else nn.Dropout(config.decoder_dropout)
        )
        self.mean = nn.Linear(widths[-1], config.scaled_dim)
        if not config.decoder_hidden:
            nn.init.eye_(self.mean.weight)
            nn.init.zeros_(self.mean.bias)

    def forward(self, z: Tensor) -> Tensor:
        """Decode latents: (B, L) → mean of the scaled feature (B, P)."""
        mean: Tensor = self.mean(self.hidden(z))
        return mean


def _dense(widths: Sequence[int], config: ModelConfig, dropout: float) -> nn.Sequential:
    """Dense, leaky ReLU, batch norm, dropout for each pair of neighbouring widths."""

    def layers() -> Iterator[nn.Module]:
        for width_in, width_out in pairwise(widths):
            yield nn.Linear(width_in, width_out)
            yield nn.LeakyReLU(config.negative_slope)
            if config.batch_norm:
                yield nn.BatchNorm1d(width_out)
            if dropout:
                yield nn.Dropout(dropout)

    return nn.Sequential(*layers())
