from __future__ import annotations

from dataclasses import FrozenInstanceError, asdict

import pytest

from zsl_images.model.config import ModelConfig, TrainConfig
from zsl_images.model.mmvae import build


def test_the_defaults_are_the_papers() -> None:
    model, training = ModelConfig(), TrainConfig()
    assert (model.latent_dim, model.encoder_hidden, model.prior_layers) == (64, (512,), 6)
    assert (model.encoder_dropout, model.decoder_dropout, model.prior_dropout) == (0.5, 0.5, 0.2)
    assert (training.batch_size, training.warm_up_rate, training.learn_rate) == (64, 1e-4, 1e-4)
    assert (training.generated_share, training.seen_only_probability) == (0.9, 0.5)


def test_settings_are_fixed_and_build_the_same_model_again() -> None:
    config = ModelConfig(feature_dim=20, attribute_dim=6, seen_classes=4)
    with pytest.raises(FrozenInstanceError):
        config.latent_dim = 3  # type: ignore[misc]
    again = build(ModelConfig(**asdict(config)))
    shapes = {name: tensor.shape for name, tensor in build(config).state_dict().items()}
    assert {name: tensor.shape for name, tensor in again.state_dict().items()} == shapes
