from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from zsl_images.errors import DataError
from zsl_images.model.config import ModelConfig
from zsl_images.model.encoder_decoder import DECODERS, ENCODERS, LinearDecoder, ShiftEncoder

CONFIG = ModelConfig(latent_dim=6, encoder_hidden=(10,), decoder_hidden=(10,), radius=2.0)


@pytest.fixture
def x() -> torch.Tensor:
    return torch.randn(7, 6, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("name", ENCODERS)
def test_an_encoder_gives_means_on_the_sphere_and_any_variances(name: str, x: torch.Tensor) -> None:
    encoder = ENCODERS[name](CONFIG, width=6).eval()
    mu, logvar = encoder(x)
    assert mu.shape == logvar.shape == (7, 6)
    torch.testing.assert_close(mu.norm(dim=1), torch.full((7,), 2.0))
    assert torch.equal(encoder.mean(x), mu)


def test_a_residual_encoder_begins_as_the_identity(x: torch.Tensor) -> None:
    encoder = ENCODERS["residual"](replace(CONFIG, encoder="residual"), x.shape[1]).eval()
    torch.testing.assert_close(encoder.mean(x), encoder.space.place(x))
    torch.nn.init.eye_(encoder.mu.weight)
    torch.testing.assert_close(encoder.mean(x), encoder.space.place(2 * x))


def test_the_mean_of_a_shift_encoder_is_the_shifted_feature(x: torch.Tensor) -> None:
    encoder = ShiftEncoder(ModelConfig(latent_dim=6), width=6)
    torch.nn.init.normal_(encoder.mu.bias)
    torch.testing.assert_close(encoder.mean(x), x + encoder.mu.bias)
    with pytest.raises(DataError, match=r"of 9 values and latents of 6.*'dense'"):
        ShiftEncoder(ModelConfig(latent_dim=6), width=9)


@pytest.mark.parametrize("name", DECODERS)
def test_a_decoder_drops_units_in_training_alone(name: str, x: torch.Tensor) -> None:
    decoder = DECODERS[name](CONFIG, width=9)
    assert decoder(x).shape == (7, 9)
    assert not torch.equal(decoder.train()(x), decoder(x))
    assert torch.equal(decoder.eval()(x), decoder(x))


def test_a_linear_decoder_begins_as_the_identity(x: torch.Tensor) -> None:
    assert torch.equal(LinearDecoder(CONFIG, width=6).eval()(x), x)
