"""Class priors p(z|a): from scaled attributes to a place in latent space."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from zsl_images.model.config import ModelConfig
from zsl_images.model.networks import _dense
from zsl_images.model.scalings import on_sphere


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
