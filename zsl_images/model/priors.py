"""Class priors p(z|a): from scaled attributes to a place in latent space.

Letters: K classes, S seen classes, J rows of a backbone's classifier, M = S + J centres, A attribute,
L latent.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from zsl_images.errors import DataError
from zsl_images.model.config import ModelConfig
from zsl_images.model.encoder_decoder import dense
from zsl_images.model.formulas import EvidenceFormula, KernelFormula, MeanFormula, prior_widths
from zsl_images.model.latent_space import space_of


@dataclass(frozen=True, eq=False)
class Rows:
    """What the classifier of a backbone says of J classes, as the prior reads it.

    Args:
        attributes: Scaled attributes (J, A).
        places: Where photos of each class lie, as its row says, (J, L).
    """

    attributes: Tensor
    places: Tensor


class ClassPrior(nn.Module, ABC):
    """p(z|a) = N(mu(a), I).

    A class's prior depends on its own attributes only, so that classes can come and go. Training
    calls `fit` once, and `settle` before and after warm-up.
    """

    @abstractmethod
    def forward(self, a: Tensor) -> Tensor:
        """Class priors mu(a) of scaled attributes: (K, A) → (K, L)."""

    def fit(self, a: Tensor, photos: Tensor, rows: Rows | None = None) -> None:
        """Take what is needed of the classes whose places are known.

        Args:
            a: Scaled attributes of the seen classes (S, A).
            photos: How many photos each of them has, (S,).
            rows: What the backbone's classifier says of classes.

        Raises:
            DataError: There are rows, which this prior has no use for.
        """
        if rows is not None:
            raise DataError(
                "this recipe cannot learn from the classes of a backbone; take the recipe 'rows'"
            )

    def settle(self, means: Tensor) -> None:
        """Take the weights that lead to the mean latents of the seen classes (S, L), if they have a
        closed form."""

    def left_out(self, means: Tensor) -> Tensor | None:
        """For each seen class the prior that the other classes predict (leave-one-out).

        Args:
            means: Mean latent of each seen class (S, L).

        Returns:
            (S, L), or None if that would take training again.
        """
        return None

    def errors(self, means: Tensor) -> Tensor:
        """How far seen classes lie off the prior that the other classes predict.

        Args:
            means: Mean latent of each seen class (S, L).

        Returns:
            (S, L), or no row at all if no class can be left out.
        """
        left_out = self.left_out(means)
        return means[:0] if left_out is None else means - left_out


class DensePrior(MeanFormula, ClassPrior):
    """Dense layers from attributes to latent means, as in the paper.

    Args:
        config: Sizes.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        widths = prior_widths(config)
        self.hidden = dense(widths[:-1], config, config.prior_dropout)
        self.mu = nn.Linear(widths[-2], config.latent_dim)
        self.space = space_of(config.radius)

    def forward(self, a: Tensor) -> Tensor:
        """Class priors mu(a) of scaled attributes: (K, A) → (K, L)."""
        priors: Tensor = self.mean(a)
        return priors


class KernelPrior(KernelFormula, ClassPrior):
    """A kernel over attributes, with one centre per seen class.

        mu(a) = Σ_j k(a, a_j) w_j,    k(a, b) = (1 + d) exp(-d),    d = √3 ‖r² ∘ (a - b)‖ / h

    This is the mean of a Gaussian process with a Matérn 3/2 kernel. A network of dense layers sees
    one point per class, a few dozen in all, and learns them by heart; the kernel falls back on the
    neighbouring classes instead. The weights w have a closed form, see `solve`. The process also says
    how unsure it is of each class (Rasmussen & Williams, "Gaussian Processes for Machine Learning",
    2006, eq. 2.26):

        v(a) = 1 - k(a)ᵀ (K + λI)⁻¹ k(a)

    The surer of two classes has the longer prior: it is divided by 1 + β (v(a) - v̄), with the mean v̄
    over the centres. The relevance r of each attribute is 1 but in heads of earlier versions, which
    learned it.

    Args:
        config: Sizes.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.space = space_of(config.radius)
        centres = config.seen_classes + config.row_classes
        self.register_buffer("centres", torch.zeros(centres, config.attribute_dim))
        self.register_buffer("bandwidth", torch.ones(()))
        self.register_buffer("relevance", torch.ones(config.attribute_dim))
        self.weight = nn.Parameter(torch.zeros(centres, config.latent_dim))
        self.centres: Tensor
        self.bandwidth: Tensor

    def fit(self, a: Tensor, photos: Tensor, rows: Rows | None = None) -> None:
        """Put the centres on the scaled attributes of the seen classes (S, A).

        The bandwidth h is a multiple of the median distance between two classes.
        """
        super().fit(a, photos, rows)
        self._centre(a)

    def _centre(self, a: Tensor) -> None:
        self.centres = a
        self.bandwidth = self.config.bandwidth * torch.pdist(a).median().clamp_min(1e-6)

    @torch.no_grad()
    def settle(self, means: Tensor) -> None:
        """Take the weights that lead to the mean latents of the seen classes (S, L)."""
        self.weight.copy_(self.solve(means)[0])

    def left_out(self, means: Tensor) -> Tensor | None:
        """For each seen class the prior that the other classes predict: (S, L) → (S, L)."""
        return self.solve(means)[1]

    def solve(self, means: Tensor) -> tuple[Tensor, Tensor]:
        """The weights that lead to given class means, by kernel ridge regression.

            w = (K + λI)⁻¹ m,    leaving class j out: m_j - w_j / [(K + λI)⁻¹]_jj

        (Rasmussen & Williams 2006, eq. 2.25 and 5.12.)

        Args:
            means: m, the mean latent of each seen class (S, L).

        Returns:
            The weights (S, L), and for each class the prior that the other classes predict (S, L).
        """
        inverse = torch.linalg.inv(self.ridged())  # (S, S)
        weight = inverse @ means  # (S, L)
        return weight, self.space.place(means - weight / inverse.diagonal()[:, None])


class EvidencePrior(EvidenceFormula, KernelPrior):
    """A Gaussian process that hears of classes from photos and from the rows of a classifier.

        mu(a) = k(a)ᵀ (K + E)⁻¹ m,    k(a, b) = exp(-‖a - b‖ / h)

    m holds the mean latents of S seen classes and the places of J rows; a class may have both. E says
    how far each of them may lie off (Rasmussen & Williams 2006, sec. 2.2 and 2.7): its diagonal is
    `NOISE` + 1/n for the mean of n photos, and a row counts as `PHOTOS_OF_ROW` photos. What all rows
    have in common may be peculiar to rows, so `OFFSET` is added for each pair of rows, if there are
    photos to tell (`EvidenceFormula`). All three were chosen on seen classes that played unseen.

    Args:
        config: Sizes.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        self.register_buffer("photos", torch.ones(config.seen_classes))
        self.register_buffer("places", torch.zeros(config.row_classes, config.latent_dim))
        self.photos: Tensor
        self.places: Tensor

    def fit(self, a: Tensor, photos: Tensor, rows: Rows | None = None) -> None:
        """Put the centres on the scaled attributes of the seen classes (S, A), and of the rows."""
        self.photos = photos.to(a)
        if rows is not None:
            self.places = rows.places
            a = torch.cat([a, rows.attributes])
        self._centre(a)

    def left_out(self, means: Tensor) -> Tensor | None:
        """As `KernelPrior.left_out`: (S, L) → (S, L)."""
        return self.solve(means)[1][: len(means)]

    def row_errors(self) -> Tensor:
        """How far rows lie off the prior that all other rows predict, without any photo: (J, L)."""
        return self.places - self.solve(self.places[:0])[1]

    def solve(self, means: Tensor) -> tuple[Tensor, Tensor]:
        """As `KernelPrior.solve`, with the rows below the means (S, L): (M, L) each."""
        return super().solve(torch.cat([means, self.places]))


PRIORS: dict[str, type[DensePrior | KernelPrior]] = {
    "dense": DensePrior,
    "kernel": KernelPrior,
    "evidence": EvidencePrior,
}
"""Name in a `ModelConfig` → class."""
