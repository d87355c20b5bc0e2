"""The multi-modal VAE: encoder, decoder and prior network, with the scaling of what they read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from zsl_images.model.config import ModelConfig
from zsl_images.model.networks import Decoder, Encoder
from zsl_images.model.priors import KernelPrior, PriorNetwork
from zsl_images.model.scalings import AttributeScaling, FeatureScaling, on_sphere
from zsl_images.model.scoring import class_scores


class MultiModalVAE(nn.Module):
    """Features and attributes meet in one latent space (Yu & Lee, NeurIPS 2019, fig. 2).

        q(z|x) encodes a feature;  p(z|a) gives a class its prior;  p(x|z) decodes a latent.

    Args:
        config: sizes and shape.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.feature_scaling = FeatureScaling(config)
        self.attribute_scaling = AttributeScaling(config)
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.prior = KernelPrior(config) if config.prior_centres else PriorNetwork(config)

    def latents(self, features: Tensor) -> Tensor:
        """mu(x) of features as the backbone gives them: (B, D) → (B, L)."""
        return self.encoder.mean(self.feature_scaling(features))

    def class_priors(self, attributes: Tensor) -> Tensor:
        """mu(a) of attributes as the class table gives them: (K, A) → (K, L).

        A class's prior depends on its own attributes only, so that classes can come and go.
        """
        priors: Tensor = self.prior(self.attribute_scaling(attributes))
        return priors

    def scores(self, features: Tensor, attributes: Tensor) -> Tensor:
        """Scores of K classes for B features (eq. 3), without a seen penalty.

        Args:
            features: (B, D), as the backbone gives them.
            attributes: (K, A), as the class table gives them.

        Returns:
            (B, K), higher is nearer.
        """
        return class_scores(self.latents(features), self.class_priors(attributes))

    @torch.no_grad()
    def generate(
        self,
        class_priors: Tensor,
        latent_noise: Tensor,
        feature_noise: Tensor | None = None,
        dropout_samples: int = 0,
    ) -> Tensor:
        """Generate scaled features for classes, without gradient (eq. 4 and 8).

            z = mu(a) + noise of p(z|a),    x = mean of p(x|z) + noise of p(x|z)

        Args:
            class_priors: mu(a), a row for each z wanted, (B, L).
            latent_noise: (B, L).
            feature_noise: (B, P); None takes the mean, as the paper does.
            dropout_samples: where not 0, as many features are drawn for each z, with the decoder's
                dropout active: uncertainty over its parameters (SGAL-dropout, eq. 9).

        Returns:
            (B, P), or (dropout_samples·B, P), the first B rows a sample each.
        """
        z = on_sphere(class_priors + latent_noise, self.config.radius)
        with _dropping(self.decoder, dropout_samples > 0):
            x: Tensor = self.decoder(z.repeat(max(1, dropout_samples), 1))
        if feature_noise is not None:
            x = x + feature_noise
        return on_sphere(x, self.config.radius)


@contextmanager
def _dropping(module: nn.Module, with_dropout: bool) -> Iterator[None]:
    """Put a module into eval mode, but for its dropout where that is asked for."""
    were_training = {part: part.training for part in module.modules()}
    for part in were_training:
        part.training = with_dropout and isinstance(part, nn.Dropout)
    try:
        yield
    finally:
        for part, was_training in were_training.items():
            part.training = was_training
