"""Settings of a model and of its training."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ModelConfig:
    """Sizes and parts of a model. The defaults are the paper's (Yu & Lee 2019, and their code).

    The first five are read off the data by `training.fit`; a recipe leaves them 0.

    Args:
        feature_dim: Width of a feature, D.
        attribute_dim: Number of attributes, A.
        text_dim: Number of attributes, the last ones, that are the vector of a description.
        seen_classes: Number of classes that have photos in training, S.
        row_classes: Number of classes that have a row of the backbone's classifier, J.
        latent_dim: Width of a latent, L.
        feature_scaling: Name in `scalings.FEATURE_SCALINGS`.
        feature_power: Power that whitened scaling raises features to first; below 1, a few large
            values do not decide alone.
        attribute_scaling: Name in `scalings.ATTRIBUTE_SCALINGS`.
        encoder: Name in `encoder_decoder.ENCODERS`.
        decoder: Name in `encoder_decoder.DECODERS`.
        prior: Name in `priors.PRIORS`.
        radius: Radius of the sphere that latents and whitened features lie on; 0 if they lie
            anywhere, see `latent_space.space_of`.
        encoder_hidden: Widths of the hidden layers of a dense encoder.
        encoder_dropout: Probability that a hidden unit of a dense encoder is dropped.
        decoder_hidden: Widths of the hidden layers of a dense decoder.
        decoder_dropout: Probability that a hidden unit of the decoder is dropped; of a latent, if
            the decoder is linear.
        prior_layers: Number of layers of a dense prior, their widths a geometric series from A to L.
        prior_dropout: Probability that a hidden unit of a dense prior is dropped.
        negative_slope: Slope of the leaky ReLU in dense parts; 0 makes it a ReLU.
        batch_norm: Whether the hidden layers of dense parts are batch-normalised.
        bandwidth: Bandwidth of a kernel prior, in units of the median distance between two classes.
        ridge: λ of a kernel prior, see `priors.KernelPrior.solve`.
        shrinkage: By how much a kernel prior is shorter per unit of its variance, see
            `priors.KernelPrior`.
        seen_length: Length of a seen class's prior, in units of an unseen one's, see
            `MultiModalVAE.known_longer`.
    """

    feature_dim: int = 0
    attribute_dim: int = 0
    text_dim: int = 0
    seen_classes: int = 0
    row_classes: int = 0
    latent_dim: int = 64
    feature_scaling: str = "max"
    feature_power: float = 1.0
    attribute_scaling: str = "length"
    encoder: str = "dense"
    decoder: str = "dense"
    prior: str = "dense"
    radius: float = 0.0
    encoder_hidden: tuple[int, ...] = (512,)
    encoder_dropout: float = 0.5
    decoder_hidden: tuple[int, ...] = (512,)
    decoder_dropout: float = 0.5
    prior_layers: int = 6
    prior_dropout: float = 0.2
    negative_slope: float = 0.2
    batch_norm: bool = True
    bandwidth: float = 2.0
    ridge: float = 0.1
    shrinkage: float = 0.0
    seen_length: float = 1.0


@dataclass(frozen=True)
class TrainConfig:
    """How a model is trained. The defaults are the paper's for CUB, whose 17,000 and 2,000 steps of
    64 rows are 154 and 18 epochs.

    Args:
        warm_up_epochs: Passes over the seen rows in warm-up.
        learn_epochs: Passes over as many rows in generate-and-learn.
        learn_steps: Steps of generate-and-learn beside these, however many rows there are. Without
            either, the plain mmVAE is left.
        batch_size: Rows per step; 0 takes as many as there are.
        warm_up_rate: Learning rate of Adam in warm-up.
        learn_rate: Learning rate of Adam in generate-and-learn.
        bound_weight: Weight of the bound.
        kl_weight: Weight of the KL term within the bound; 1 is the bound itself.
        regularisation_weight: Weight of the hinge between class priors.
        cross_entropy_weight: Weight of -log p(y|mu(x)) beside the bound, see `losses.bound`.
        generated_share: Share of a batch of generate-and-learn that is generated.
        seen_only_probability: Probability of an extra step on seen rows alone, after each step of
            generate-and-learn.
        learning_parts: Names of the parts of the model that learn in generate-and-learn: `encoder`,
            `decoder`, `prior`.
        roll_back_interval: Number of steps of generate-and-learn after which the weights go back to
            the best ones if validation rows say so, see `RollBack`; 0 for never.
        dropout_samples: Generated features per z, with the decoder's dropout active (eq. 9); 0
            generates one without dropout.
        noise: Name in `noise.NOISES`: what generated latents and features differ by.
    """

    warm_up_epochs: float = 154.0
    learn_epochs: float = 18.0
    learn_steps: int = 0
    batch_size: int = 64
    warm_up_rate: float = 1e-4
    learn_rate: float = 1e-4
    bound_weight: float = 1.0
    kl_weight: float = 1.0
    regularisation_weight: float = 0.1
    cross_entropy_weight: float = 0.0
    generated_share: float = 0.9
    seen_only_probability: float = 0.5
    learning_parts: tuple[str, ...] = ("encoder", "decoder", "prior")
    roll_back_interval: int = 100
    dropout_samples: int = 0
    noise: str = "unit"


@dataclass(frozen=True)
class Recipe:
    """What is trained, and how.

    Args:
        model: Parts and sizes, without what only the data can tell.
        training: How they are trained.
        is_papers: Whether this is the paper's own method. If so, a benchmark trains it for as many
            steps as the paper gives for the data set, not for the epochs in `training`.
    """

    model: ModelConfig
    training: TrainConfig
    is_papers: bool = False
