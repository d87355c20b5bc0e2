"""Formulas: what each part of a model computes, on NumPy arrays or torch tensors alike.

The parts that learn (`scalings`, `encoder_decoder`, `priors`) are torch modules that take their formula
from here; a `frozen` model gives the same formulas the NumPy arrays of a head file. A formula finds its
arrays as its attributes, under the names that they have in the file.

Letters: B batch, K classes, S seen classes, D feature, P scaled feature, A attribute, L latent.
"""

from __future__ import annotations

from typing import Any, Protocol

from zsl_images.model.arrays import Array, distances, namespace, normalised
from zsl_images.model.config import ModelConfig
from zsl_images.model.latent_space import Space, space_of
from zsl_images.model.scoring import class_scores

TEXT_SHARE = 0.25
"""Share of the squared length that descriptions get beside attributes, before a kernel prior learns
their relevance; chosen on seen classes that played unseen."""


class Formula(Protocol):
    """Arrays → array, (B, ...) → (B, ...)."""

    def __call__(self, x: Array, /) -> Array:
        """The value of the formula."""


class MaxFormula:
    """x / max, so that all training features lie in [0, 1] (the authors' code)."""

    scale: Array

    def forward(self, features: Array) -> Array:
        """Scale features: (B, D) → (B, D)."""
        return features * self.scale

    def place(self, x: Array) -> Array:
        """Scaled features lie anywhere: (B, P) → (B, P)."""
        return x


class WhitenedFormula:
    """A power, unit length, then half-way to white, then brought onto the sphere.

        Λ^(-1/4) Vᵀ (y / ‖y‖ - c),    y = sign(x) |x|^p

    with the mean c of the training features so treated, their first P = L principal axes V and the
    variances Λ along these.
    """

    config: ModelConfig
    centre: Array
    projection: Array

    def forward(self, features: Array) -> Array:
        """Scale features: (B, D) → (B, P)."""
        centred = self.directions(features) - self.centre  # (B, D)
        return self.place(centred @ self.projection.T)

    def directions(self, features: Array) -> Array:
        """y / ‖y‖: (B, D) → (B, D)."""
        power, xp = self.config.feature_power, namespace(features)
        return normalised(features if power == 1 else xp.sign(features) * xp.abs(features) ** power)

    def place(self, x: Array) -> Array:
        """Bring generated features to where scaled features lie: (B, P) → (B, P)."""
        return space_of(self.config.radius).place(x)


class LengthFormula:
    """a / ‖a‖ (the authors' code).

    If there are descriptions beside attributes, each of the two is scaled by itself, and descriptions
    get `TEXT_SHARE` of the squared length.
    """

    config: ModelConfig

    def forward(self, attributes: Array) -> Array:
        """Scale attributes: (K, A) → (K, A), each row of length 1."""
        count = self.config.attribute_dim - self.config.text_dim
        if not count or not self.config.text_dim:
            return normalised(attributes)
        parts = normalised(attributes[:, :count]), normalised(attributes[:, count:])
        lengths = (1 - TEXT_SHARE) ** 0.5, TEXT_SHARE**0.5
        scaled = [part * length for part, length in zip(parts, lengths, strict=True)]
        return namespace(attributes).concat(scaled, axis=1)


class CentredFormula(LengthFormula):
    """a - m, then `LengthFormula`; m is the mean over the classes whose places are known."""

    shift: Array

    def forward(self, attributes: Array) -> Array:
        """Scale attributes: (K, A) → (K, A), each row of length 1."""
        return super().forward(attributes - self.shift)


class StandardFormula(LengthFormula):
    """(a - m) / (s + s̄), then `LengthFormula`.

    m and s are mean and deviation over the seen classes. s̄ is the mean of s over the attributes, or
    over the description; it keeps attributes that hardly vary from being blown up.
    """

    shift: Array
    scale: Array

    def forward(self, attributes: Array) -> Array:
        """Scale attributes: (K, A) → (K, A), each row of length 1."""
        return super().forward((attributes - self.shift) * self.scale)


class ShiftFormula:
    """x + b."""

    bias: Array

    def forward(self, x: Array) -> Array:
        """(B, P) → (B, P)."""
        return x + self.bias


class ResidualFormula:
    """x + D x."""

    weight: Array

    def forward(self, x: Array) -> Array:
        """(B, P) → (B, P)."""
        return x + x @ self.weight.T


class MeanFormula:
    """Hidden layers, a mean, and the space where it lies: for an encoder or a dense prior."""

    hidden: Formula
    mu: Formula
    space: Space

    def mean(self, x: Array) -> Array:
        """mu alone, which is all that classifying takes: (B, W) → (B, L)."""
        return self.space.place(self.mu(self.hidden(x)))


class DecoderFormula:
    """x̂(z): hidden layers and a mean."""

    hidden: Formula
    mean: Formula

    def forward(self, z: Array) -> Array:
        """Decode latents: (B, L) → mean of the scaled feature (B, P)."""
        return self.mean(self.hidden(z))


class KernelFormula:
    """A kernel over attributes, with one centre per seen class; see `priors.KernelPrior`.

    mu(a) = Σ_j k(a, a_j) w_j,    k(a, b) = (1 + d) exp(-d),    d = √3 ‖r² ∘ (a - b)‖ / h
    """

    config: ModelConfig
    centres: Array
    bandwidth: Array
    relevance: Array
    weight: Array

    def forward(self, a: Array) -> Array:
        """Class priors mu(a) of scaled attributes: (K, A) → (K, L)."""
        return self.at(a, self.weight)

    def kernel(self, first: Array, second: Array) -> Array:
        """k of each pair: (K, A), (J, A) → (K, J)."""
        scale = self.relevance**2
        distance = 3**0.5 * distances(first * scale, second * scale) / self.bandwidth
        return (1 + distance) * namespace(first).exp(-distance)

    def at(self, a: Array, weight: Array) -> Array:
        """mu(a) by given weights (S, L): (K, A) → (K, L)."""
        priors = space_of(self.config.radius).place(self.kernel(a, self.centres) @ weight)
        if not self.config.shrinkage:
            return priors
        excess = self.variances(a) - self.variances(self.centres).mean()
        return priors / (1 + self.config.shrinkage * excess)[:, None]

    def variances(self, a: Array) -> Array:
        """v, how unsure each prior is, 0 to 1: (K, A) → (K,)."""
        return 1 - ((self.kernel(a, self.centres) @ self.whitener().T) ** 2).sum(1)

    def whitener(self) -> Array:
        """F⁻¹, with the Cholesky factor F of K + λI: (S, S)."""
        linalg = namespace(self.centres).linalg
        return linalg.inv(linalg.cholesky(self.ridged()))

    def ridged(self) -> Array:
        """K + λI, (S, S)."""
        kernel = self.kernel(self.centres, self.centres)
        eye = namespace(kernel).eye(len(kernel), dtype=kernel.dtype, device=kernel.device)
        return kernel + self.config.ridge * eye


class EvidenceFormula(KernelFormula):
    """A kernel with a centre per seen class and per row of a classifier; see `priors.EvidencePrior`.

    mu(a) = Σ_j k(a, a_j) w_j,    k(a, b) = exp(-‖a - b‖ / h)
    """

    NOISE = 0.05
    PHOTOS_OF_ROW = 15.0
    OFFSET = 1.0

    photos: Array
    places: Array

    def kernel(self, first: Array, second: Array) -> Array:
        """k of each pair: (K, A), (J, A) → (K, J)."""
        return namespace(first).exp(-distances(first, second) / self.bandwidth)

    def ridged(self) -> Array:
        """K + E, (M, M)."""
        xp, seen = namespace(self.photos), len(self.photos)
        of_rows = xp.ones_like(self.places[:, 0]) * self.PHOTOS_OF_ROW
        noise = self.NOISE + 1 / xp.concat([self.photos, of_rows])  # (M,)
        is_row = xp.concat([xp.zeros_like(self.photos), xp.ones_like(of_rows)])
        offset = self.OFFSET * bool(seen) * is_row[:, None] * is_row
        return self.kernel(self.centres, self.centres) + offset + xp.diag(noise)


def prior_widths(config: ModelConfig) -> list[int]:
    """Widths of a dense prior, a geometric series from A to L."""
    growth, layers = config.latent_dim / config.attribute_dim, config.prior_layers
    return [round(config.attribute_dim * growth ** (layer / layers)) for layer in range(layers + 1)]


class VAEFormula:
    """What a whole model computes when it answers (Yu & Lee, NeurIPS 2019, fig. 2)."""

    config: ModelConfig
    feature_scaling: Any
    attribute_scaling: Any
    encoder: Any
    decoder: Any
    prior: Any

    def latents(self, features: Array) -> Array:
        """mu(x) of features as the backbone gives them: (B, D) → (B, L)."""
        return self.encoder.mean(self.feature_scaling(features))

    def class_priors(self, attributes: Array) -> Array:
        """mu(a) of attributes as the class table gives them: (K, A) → (K, L)."""
        return self.prior(self.attribute_scaling(attributes))

    def known_longer(self, class_priors: Array, is_seen: Array) -> Array:
        """Class priors (K, L), those of seen classes (K,) longer by the factor `seen_length`.

        A class without photos lies somewhere around its prior. The mean over all these places is
        shorter than the places are, as is that of any spread of directions.
        """
        longer = class_priors * self.config.seen_length
        return namespace(class_priors).where(is_seen[:, None], longer, class_priors)

    def scores(self, features: Array, attributes: Array, is_seen: Array | None = None) -> Array:
        """Scores of K classes for B features (eq. 3), without a seen penalty.

        Args:
            features: (B, D), as the backbone gives them.
            attributes: (K, A), as the class table gives them.
            is_seen: Mask of the seen classes, (K,). Default: none is.

        Returns:
            (B, K), higher is nearer.
        """
        priors = self.class_priors(attributes)
        if is_seen is not None:
            priors = self.known_longer(priors, is_seen)
        return class_scores(self.latents(features), priors)


def drawn_to_photos(
    priors: Array, means: Array, photos: Array, photos_of_prior: float, space: Space
) -> Array:
    """Class priors after some photos: the mean of a Gaussian whose prior counts as n₀ photos.

        mu + n / (n + n₀) · (m - mu)

    Args:
        priors: mu, (K, L).
        means: m, the mean latent of each class's photos (K, L).
        photos: n, how many each class has, (K,).
        photos_of_prior: n₀.
        space: Where latents lie.

    Returns:
        (K, L).
    """
    return space.between(priors, means, photos / (photos + photos_of_prior))
