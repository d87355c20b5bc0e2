"""Networks: the encoder q(z|x) and the decoder p(x|z).

Letters: B batch, P scaled feature, L latent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from zsl_images.errors import DataError
from zsl_images.model.config import ModelConfig
from zsl_images.model.formulas import DecoderFormula, MeanFormula, ResidualFormula, ShiftFormula
from zsl_images.model.latent_space import Space, space_of


class Encoder(MeanFormula, nn.Module):
    """q(z|x) = N(mu(x), diag exp(logvar(x))).

    Args:
        hidden: (B, P) → (B, H).
        mu: (B, H) → (B, L).
        logvar: (B, H) → (B, L).
        space: Where means lie.
    """

    def __init__(self, hidden: nn.Module, mu: nn.Module, logvar: nn.Module, space: Space) -> None:
        super().__init__()
        self.hidden, self.mu, self.logvar, self.space = hidden, mu, logvar, space

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Encode scaled features: (B, P) → mu (B, L), logvar (B, L)."""
        hidden = self.hidden(x)  # (B, H)
        return self.space.place(self.mu(hidden)), self.logvar(hidden)


class DenseEncoder(Encoder):
    """Dense layers, as in the paper.

    Args:
        config: Sizes.
        width: P.
    """

    def __init__(self, config: ModelConfig, width: int) -> None:
        widths = (width, *config.encoder_hidden)
        super().__init__(
            hidden=dense(widths, config, config.encoder_dropout),
            mu=nn.Linear(widths[-1], config.latent_dim),
            logvar=nn.Linear(widths[-1], config.latent_dim),
            space=space_of(config.radius),
        )


class ShiftEncoder(Encoder):
    """mu(x) = x + b, and a linear logvar(x).

    The mean is the scaled feature with a learned shift. For a whitened feature these are its
    principal components, to which a linear VAE converges (Lucas et al., "Don't Blame the ELBO!",
    NeurIPS 2019). They separate classes that were never seen; an encoder with more freedom learns
    the seen ones by heart.

    Args:
        config: Sizes.
        width: P, which is L.

    Raises:
        DataError: P is not L.
    """

    def __init__(self, config: ModelConfig, width: int) -> None:
        super().__init__(*_near_identity(config, width, Shift(width)))


class ResidualEncoder(Encoder):
    """mu(x) = x + D x, and a linear logvar(x); D begins at 0, so that the closed form is the start.

    Args:
        config: Sizes.
        width: P, which is L.

    Raises:
        DataError: P is not L.
    """

    def __init__(self, config: ModelConfig, width: int) -> None:
        super().__init__(*_near_identity(config, width, Residual(width)))


class Residual(ResidualFormula, nn.Module):
    """x + D x, with D learned.

    Args:
        width: Width of x.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(width, width))


class Shift(ShiftFormula, nn.Module):
    """x + b, with b learned.

    Args:
        width: Width of x.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(width))


def _near_identity(
    config: ModelConfig, width: int, mu: nn.Module
) -> tuple[nn.Module, nn.Module, nn.Module, Space]:
    """What an encoder is made of whose mean is the scaled feature, slightly changed."""
    if width != config.latent_dim:
        raise DataError(
            f"scaled features of {width} values and latents of {config.latent_dim}; the encoder "
            f"{config.encoder!r} needs as many of both. Set `latent_dim`, or take the encoder 'dense'"
        )
    logvar = nn.Linear(width, width)
    nn.init.zeros_(logvar.weight)
    nn.init.constant_(logvar.bias, -3.0)
    return nn.Identity(), mu, logvar, space_of(config.radius)


class Decoder(DecoderFormula, nn.Module):
    """p(x|z) = N(x̂(z), I).

    Args:
        hidden: (B, L) → (B, H).
        mean: (B, H) → (B, P).
    """

    def __init__(self, hidden: nn.Module, mean: nn.Module) -> None:
        super().__init__()
        self.hidden, self.mean = hidden, mean


class DenseDecoder(Decoder):
    """Dense layers, as in the paper.

    Args:
        config: Sizes.
        width: P.
    """

    def __init__(self, config: ModelConfig, width: int) -> None:
        widths = (config.latent_dim, *config.decoder_hidden)
        super().__init__(
            hidden=dense(widths, config, config.decoder_dropout),
            mean=nn.Linear(widths[-1], width),
        )


class LinearDecoder(Decoder):
    """x̂(z) = W z + b, which begins as the identity; dropout drops latents.

    Args:
        config: Sizes.
        width: P.
    """

    def __init__(self, config: ModelConfig, width: int) -> None:
        mean = nn.Linear(config.latent_dim, width)
        nn.init.eye_(mean.weight)
        nn.init.zeros_(mean.bias)
        super().__init__(nn.Dropout(config.decoder_dropout), mean)


def dense(widths: Sequence[int], config: ModelConfig, dropout: float) -> nn.Sequential:
    """Dense, leaky ReLU, batch norm and dropout for each pair of neighbouring widths."""

    def layers() -> Iterator[nn.Module]:
        for width_in, width_out in pairwise(widths):
            yield nn.Linear(width_in, width_out)
            yield nn.LeakyReLU(config.negative_slope)
            if config.batch_norm:
                yield nn.BatchNorm1d(width_out)
            if dropout:
                yield nn.Dropout(dropout)

    return nn.Sequential(*layers())


ENCODERS: dict[str, type[DenseEncoder | ShiftEncoder | ResidualEncoder]] = {
    "dense": DenseEncoder,
    "shift": ShiftEncoder,
    "residual": ResidualEncoder,
}
"""Name in a `ModelConfig` → class."""

DECODERS: dict[str, type[DenseDecoder | LinearDecoder]] = {
    "dense": DenseDecoder,
    "linear": LinearDecoder,
}
"""Name in a `ModelConfig` → class."""
