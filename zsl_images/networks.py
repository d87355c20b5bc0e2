"""The parts of the multi-modal VAE: encoder q(z|x), decoder p(x|z), prior network p(z|a), scalings.

Letters: B batch, K classes, D feature, P scaled feature, A attribute, L latent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

TEXT_SHARE = 0.25
"""What descriptions count beside attributes before a `KernelPrior` learns their relevance; chosen on
seen classes that played unseen."""


@dataclass(frozen=True)
class ModelConfig:
    """Sizes and shape of a head. The defaults are the paper's (Yu & Lee 2019, and their code).

    Args:
        feature_dim: D; set when the data are known.
        attribute_dim: A; likewise.
        text_dim: how many of these, the last ones, are the vector of a description; likewise.
        latent_dim: L.
        encoder_hidden: widths of the encoder's hidden layers; none makes its mean the scaled feature
            with a learned shift, which takes P = L.
        decoder_hidden: widths of the decoder's hidden layers; none makes it linear, and its dropout
            one of latents.
        prior_layers: layers of the prior network, widths going from A to L in a geometric series.
        encoder_dropout: probability that a hidden unit of the encoder is dropped.
        decoder_dropout: the same of the decoder.
        prior_dropout: the same of the prior network.
        negative_slope: of the leaky ReLU; 0 makes it a ReLU.
        batch_norm: whether hidden layers are batch-normalised.
        feature_scaling: `max` or `whitened`, see `FeatureScaling`.
        attribute_scaling: `length` or `standard`, see `AttributeScaling`.
        prior_centres: 0 for a network of dense layers; else the number of classes on which a
            `KernelPrior` stands.
        has_relevance: whether a `KernelPrior` learns how relevant each attribute is.
        radius: latent means and class priors lie on a sphere of this radius; 0 leaves them free.
    """

    feature_dim: int = 0
    attribute_dim: int = 0
    text_dim: int = 0
    latent_dim: int = 64
    encoder_hidden: tuple[int, ...] = (512,)
    decoder_hidden: tuple[int, ...] = (512,)
    prior_layers: int = 6
    encoder_dropout: float = 0.5
    decoder_dropout: float = 0.5
    prior_dropout: float = 0.2
    negative_slope: float = 0.2
    batch_norm: bool = True
    feature_scaling: Literal["max", "whitened"] = "max"
    attribute_scaling: Literal["length", "standard"] = "length"
    prior_centres: int = 0
    has_relevance: bool = True
    radius: float = 0.0

    @property
    def scaled_dim(self) -> int:
        """P, the width of a scaled feature: L principal components where features are whitened."""
        return self.latent_dim if self.feature_scaling == "whitened" else self.feature_dim


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


class PriorNetwork(nn.Module):
    """p(z|a) = N(mu(a), I): dense layers from attributes to latent means."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        sizes = torch.logspace(0, 1, config.prior_layers + 1, config.latent_dim / config.attribute_dim)
        widths = tuple(round(config.attribute_dim * float(size)) for size in sizes)
        self.hidden = _dense(widths[:-1], config, config.prior_dropout)
        self.mu = nn.Linear(widths[-2], config.latent_dim)
        self.radius = config.radius

    def forward(self, a: Tensor) -> Tensor:
        """Means of the class priors: scaled attributes (K, A) → (K, L)."""
        return on_sphere(self.mu(self.hidden(a)), self.radius)


class KernelPrior(nn.Module):
    """p(z|a) = N(mu(a), I) by a kernel over attributes, one centre for each training class.

        mu(a) = Σ_j k(a, a_j) w_j,    k(a, b) = (1 + d) exp(-d),    d = √3 ‖r² ∘ (a - b)‖ / h

    This is the mean of a Gaussian process with a Matérn 3/2 kernel. A network of dense layers sees
    one point a class, a few dozen in all, and learns them by heart; the kernel falls back on the
    neighbouring classes instead. The weights have a closed form, see `solve`; the relevance r of
    each attribute is learned (automatic relevance determination: Rasmussen & Williams, "Gaussian
    Processes for Machine Learning", 2006, sec. 5.1).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.register_buffer("centres", torch.zeros(config.prior_centres, config.attribute_dim))
        self.register_buffer("bandwidth", torch.ones(()))
        relevance = torch.ones(config.attribute_dim)
        self.relevance = nn.Parameter(relevance, requires_grad=config.has_relevance)
        self.weight = nn.Parameter(torch.zeros(config.prior_centres, config.latent_dim))
        self.radius = config.radius
        self.centres: Tensor
        self.bandwidth: Tensor

    def fit(self, centres: Tensor) -> None:
        """Stand on the scaled attributes of the training classes (S, A).

        The bandwidth h is twice the median distance of two classes.
        """
        self.centres = centres
        self.bandwidth = 2 * torch.pdist(centres).median().clamp_min(1e-6)

    def solve(self, means: Tensor, ridge: float) -> tuple[Tensor, Tensor]:
        """The weights that lead to given class means, by kernel ridge regression.

            w = (K + λI)⁻¹ m,    leaving class j out: m_j - w_j / [(K + λI)⁻¹]_jj

        Args:
            means: m, the mean latent of each training class (S, L).
            ridge: λ.

        Returns:
            The weights (S, L), and for each class the prior that the other classes alone give it
            (S, L). Both are differentiable.
        """
        inverse = torch.linalg.inv(
            self.kernel(self.centres, self.centres) + ridge * torch.eye(len(self.centres))
        )
        weight = inverse @ means
        return weight, on_sphere(means - weight / inverse.diagonal()[:, None], self.radius)

    def forward(self, a: Tensor, weight: Tensor | None = None) -> Tensor:
        """Means of the class priors: scaled attributes (K, A) → (K, L)."""
        weight = self.weight if weight is None else weight
        return on_sphere(self.kernel(a, self.centres) @ weight, self.radius)

    def kernel(self, first: Tensor, second: Tensor) -> Tensor:
        """k of each pair: (K, A), (J, A) → (K, J)."""
        scale = self.relevance.square()
        distance = 3**0.5 * torch.cdist(first * scale, second * scale) / self.bandwidth
        return (1 + distance) * (-distance).exp()


def on_sphere(vectors: Tensor, radius: float) -> Tensor:
    """Bring each row to length `radius`; where `radius` is 0, leave it."""
    return F.normalize(vectors, dim=-1) * radius if radius else vectors


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
