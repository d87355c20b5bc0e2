"""Recipes: named settings of a head and its training."""

from __future__ import annotations

from dataclasses import replace

from zsl_images.errors import DataError
from zsl_images.model.config import ModelConfig, Recipe, TrainConfig

_PAPER = TrainConfig(learn_rate=5e-4, learn_epochs=40)
"""The paper's, with as many steps of generate-and-learn as the encoder alone can use (it learns there
alone, see `training.generate_and_learn`); chosen on seen classes that played unseen."""


_BEST = Recipe(
    ModelConfig(
        latent_dim=512,
        encoder_hidden=(),
        decoder_hidden=(),
        decoder_dropout=0.0,
        feature_scaling="whitened",
        attribute_scaling="standard",
        prior_centres=1,
        radius=5.0,
    ),
    TrainConfig(
        warm_up_epochs=10,
        learn_epochs=10,
        batch_size=128,
        warm_up_rate=3e-3,
        learn_rate=1.5e-3,
        has_decay=True,
        bound_weight=0.1,
        kl_weight=0.1,
        regularisation_weight=0.0,
        cross_entropy_weight=1.0,
        left_out_weight=0.5,
        seen_only_probability=0.0,
        noise="measured",
    ),
)


RECIPES: dict[str, Recipe] = {
    "best": _BEST,
    "best-mmvae": replace(_BEST, training=replace(_BEST.training, learn_epochs=0)),
    "best-dropout": Recipe(
        replace(_BEST.model, decoder_dropout=0.2), replace(_BEST.training, dropout_samples=5)
    ),
    "mmvae": Recipe(ModelConfig(), replace(_PAPER, learn_epochs=0)),
    "sgal": Recipe(ModelConfig(), _PAPER),
    "sgal-dropout": Recipe(ModelConfig(), replace(_PAPER, dropout_samples=5)),
}
"""`mmvae`, `sgal` and `sgal-dropout` are the three rows of the paper with its networks; `best-mmvae`,
`best` and `best-dropout` are the same three with ours. A head is trained by `best`."""


def recipe_named(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        DataError: there is none.
    """
    if name not in RECIPES:
        raise DataError(f"unknown recipe {name!r}; expected one of {', '.join(RECIPES)}")
    return RECIPES[name]
