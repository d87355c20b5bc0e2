"""Settings of a model and of its training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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


@dataclass(frozen=True)
class TrainConfig:
    """How a head is trained. The defaults are the paper's for CUB, whose 17,000 and 2,000 steps of
    64 rows are 154 and 18 epochs.

    Args:
        warm_up_epochs: passes over the seen rows in warm-up.
        learn_epochs: passes over as many rows in generate-and-learn; 0 leaves the plain mmVAE.
        batch_size: rows a step; 0 takes all rows.
        warm_up_rate: learning rate of Adam in warm-up.
        learn_rate: the same in generate-and-learn.
        has_decay: whether the learning rate falls to 0 along a cosine in each phase.
        bound_weight: of the bound.
        kl_weight: of the KL term within the bound; 1 is the bound itself.
        regularisation_weight: of the hinge between class priors.
        cross_entropy_weight: of -log p(y|mu(x)) beside the bound, see `bound`.
        left_out_weight: of the same with each row's own class prior foretold by the other classes
            alone, so that the encoder learns what unseen classes need; for a `KernelPrior`.
        ridge: of a `KernelPrior`, see `KernelPrior.solve`.
        generated_share: share of a batch of generate-and-learn that is generated.
        seen_only_probability: of an extra step on seen rows alone, after each of generate-and-learn.
        dropout_samples: generated features for each z with the decoder's dropout active (eq. 9).
        noise: of generated features. `unit`: z ~ N(mu(a), I) and x the decoder's mean, as the paper
            has it. `measured`, for a `KernelPrior`: z as far off the prior as seen classes lie off
            what the others foretell, and x as far off the decoder's mean as seen rows lie off
            their class's.
    """

    warm_up_epochs: float = 154.0
    learn_epochs: float = 18.0
    batch_size: int = 64
    warm_up_rate: float = 1e-4
    learn_rate: float = 1e-4
    has_decay: bool = False
    bound_weight: float = 1.0
    kl_weight: float = 1.0
    regularisation_weight: float = 0.1
    cross_entropy_weight: float = 0.0
    left_out_weight: float = 0.0
    ridge: float = 0.1
    generated_share: float = 0.9
    seen_only_probability: float = 0.5
    dropout_samples: int = 0
    noise: Literal["unit", "measured"] = "unit"


@dataclass(frozen=True)
class Recipe:
    """What is trained, and how. `model` lacks the widths that only the data can tell."""

    model: ModelConfig
    training: TrainConfig
