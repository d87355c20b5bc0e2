"""The multi-modal VAE: encoder, decoder and prior network, with the scaling of what they read."""

from __future__ import annotations

from contextlib import contextmanager
from collections.abc import Iterator

import torch
from torch import Tensor, nn

from zsl_images.networks import (
    AttributeScaling,
    Decoder,
    Encoder,
    FeatureScaling,
    KernelPrior,
    ModelConfig,
    PriorNetwork,
    on_sphere,
)


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
        mu, _ = self.encoder(self.feature_scaling(features))
        return mu

    def class_priors(self, attributes: Tensor) -> Tensor:
        """mu(a) of attributes as the class table gives them: (K, A) → (K, L).

        A class's prior depends on its own attributes only, so that classes can come and go.
        """
        return self.prior(self.attribute_scaling(attributes))

    @torch.no_grad()
    def generate(
        self,
        class_priors: Tensor,
        generator: torch.Generator,
        spread: float = 1.0,
        dropout_samples: int = 0,
    ) -> Tensor:
        """Generate scaled features for classes (eq. 4 and 8; with dropout eq. 9).

            z ~ N(mu(a), spread²·I),    x = mean of p(x|z)

        Args:
            class_priors: mu(a), a row for each feature wanted, (B, L).
            generator: of the noise.
            spread: standard deviation of z; 1 is the prior itself.
            dropout_samples: where not 0, as many features are drawn for each z with the decoder's
                dropout active: uncertainty over its parameters.

        Returns:
            (B, P), or (dropout_samples·B, P) with the first B rows a sample each.
        """
        noise = torch.randn(class_priors.shape, generator=generator)
        z = on_sphere(class_priors + spread * noise, self.config.radius)
        with _evaluating(self.decoder, dropout_samples > 0):
            return on_sphere(self.decoder(z.repeat(max(1, dropout_samples), 1)), self.config.radius)


@contextmanager
def _evaluating(module: nn.Module, with_dropout: bool) -> Iterator[None]:
    """Put a module into eval mode, but for its dropout where that is asked for."""
    was_training = module.training
    module.eval()
    for part in module.modules():
        if isinstance(part, nn.Dropout):
            part.train(with_dropout)
    try:
        yield
    finally:
        module.train(was_training)
