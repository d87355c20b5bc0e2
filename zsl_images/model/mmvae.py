"""The multi-modal VAE: encoder, decoder and class prior, with the scaling of what they read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import torch
from torch import Tensor, nn

from zsl_images.errors import DataError
from zsl_images.model.config import ModelConfig
from zsl_images.model.encoder_decoder import DECODERS, ENCODERS, Decoder, Encoder
from zsl_images.model.formulas import VAEFormula
from zsl_images.model.frozen import FrozenVAE
from zsl_images.model.latent_space import space_of
from zsl_images.model.noise import Noise
from zsl_images.model.priors import PRIORS, ClassPrior
from zsl_images.model.scalings import (
    ATTRIBUTE_SCALINGS,
    FEATURE_SCALINGS,
    AttributeScaling,
    FeatureScaling,
)


class MultiModalVAE(VAEFormula, nn.Module):
    """Features and attributes meet in one latent space (Yu & Lee, NeurIPS 2019, fig. 2).

        q(z|x) encodes a feature;  p(z|a) gives a class its prior;  p(x|z) decodes a latent.

    `build` makes one from its settings.

    Args:
        config: Sizes, and the names of the parts.
        feature_scaling: x as the backbone gives it → x as the VAE models it.
        attribute_scaling: a as the class table gives it → a as the prior reads it.
        encoder: q(z|x).
        decoder: p(x|z).
        prior: p(z|a).
    """

    def __init__(
        self,
        config: ModelConfig,
        feature_scaling: FeatureScaling,
        attribute_scaling: AttributeScaling,
        encoder: Encoder,
        decoder: Decoder,
        prior: ClassPrior,
    ) -> None:
        super().__init__()
        self.config, self.space = config, space_of(config.radius)
        self.feature_scaling = feature_scaling
        self.attribute_scaling = attribute_scaling
        self.encoder = encoder
        self.decoder = decoder
        self.prior = prior

    def frozen(self) -> FrozenVAE:
        """The model as NumPy arrays of its own, which answers without torch."""
        arrays = {name: value.cpu().numpy().copy() for name, value in self.state_dict().items()}
        return FrozenVAE(self.config, arrays)

    @property
    def device(self) -> torch.device:
        """Where all parts are, and where they expect their tensors."""
        return next(self.parameters()).device

    @torch.no_grad()
    def generate(
        self,
        class_priors: Tensor,
        noise: Noise,
        generator: torch.Generator,
        dropout_samples: int = 0,
    ) -> Tensor:
        """Generate scaled features for classes, without gradient (eq. 4 and 8).

            z = mu(a) + noise of p(z|a),    x = mean of p(x|z) + noise of p(x|z)

        Args:
            class_priors: mu(a), one row for each z wanted, (B, L).
            noise: What is added.
            generator: Source of the noise, on the model's device.
            dropout_samples: Number of features for each z, with the decoder's dropout active:
                uncertainty over its parameters (SGAL-dropout, eq. 9). 0 gives one, without dropout.

        Returns:
            (B, P), or (dropout_samples·B, P) whose first B rows hold one sample of each z.
        """
        z = self.space.place(class_priors + noise.of_latents(len(class_priors), generator))  # (B, L)
        with dropping(self.decoder, dropout_samples > 0):
            x: Tensor = self.decoder(z.repeat(max(1, dropout_samples), 1))
        placed: Tensor = self.feature_scaling.place(x + noise.of_features(len(x), generator))
        return placed


def build(config: ModelConfig) -> MultiModalVAE:
    """Put a model together from its settings, not trained yet.

    Raises:
        DataError: a part has an unknown name, or parts don't fit together.
    """
    feature_scaling = _part(FEATURE_SCALINGS, "feature scaling", config.feature_scaling)(config)
    width = feature_scaling.width
    return MultiModalVAE(
        config,
        feature_scaling=feature_scaling,
        attribute_scaling=_part(ATTRIBUTE_SCALINGS, "attribute scaling", config.attribute_scaling)(
            config
        ),
        encoder=_part(ENCODERS, "encoder", config.encoder)(config, width),
        decoder=_part(DECODERS, "decoder", config.decoder)(config, width),
        prior=_part(PRIORS, "prior", config.prior)(config),
    )


def thawed(frozen: FrozenVAE) -> MultiModalVAE:
    """The torch modules of a frozen model, in eval mode, without gradient."""
    with torch.device("meta"):  # draws no initial weights
        model = build(frozen.config)
    tensors = {name: torch.tensor(array) for name, array in frozen.arrays.items()}
    model.load_state_dict(tensors, assign=True)
    return model.eval().requires_grad_(False)


Part = TypeVar("Part")


def _part(kinds: Mapping[str, Part], what: str, name: str) -> Part:
    if name not in kinds:
        raise DataError(f"unknown {what} {name!r}; expected one of {', '.join(kinds)}")
    return kinds[name]


@contextmanager
def dropping(module: nn.Module, with_dropout: bool) -> Iterator[None]:
    """Put a module into eval mode within the block, except for its dropout if that is asked for."""
    were_training = {part: part.training for part in module.modules()}
    for part in were_training:
        part.training = with_dropout and isinstance(part, nn.Dropout)
    try:
        yield
    finally:
        for part, was_training in were_training.items():
            part.training = was_training
