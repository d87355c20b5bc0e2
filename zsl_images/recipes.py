"""Recipes: named settings of a head and its training."""

from __future__ import annotations

from dataclasses import replace

from zsl_images.errors import DataError
from zsl_images.networks import ModelConfig
from zsl_images.training import Recipe, TrainConfig

_PAPER = TrainConfig(learn_rate=5e-4, learn_epochs=40)
"""The paper's, with as many steps of generate-and-learn as the encoder alone can use (it learns there
alone, see `training.generate_and_learn`); chosen on seen classes that played unseen."""

_BEST = Recipe(
    ModelConfig(
        latent_dim=256,
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
        learn_rate=3e-3,
        has_decay=True,
        bound_weight=0.1,
        kl_weight=0.1,
        regularisation_weight=0.0,
        cross_entropy_weight=1.0,
        left_out_weight=0.5,
        generated_share=0.5,
        seen_only_probability=0.0,
        noise="measured",
    ),
)

_OURS = replace(_BEST, training=replace(_BEST.training, generated_share=_PAPER.generated_share))
"""Ours with as much generated as in the paper: it leans farther towards unseen classes than `best`,
which spares seen ones."""

RECIPES: dict[str, Recipe] = {
    "best": _BEST,
    "best-mmvae": replace(_OURS, training=replace(_OURS.training, learn_epochs=0)),
    "best-sgal": _OURS,
    "best-dropout": Recipe(
        replace(_OURS.model, decoder_dropout=0.2), replace(_OURS.training, dropout_samples=5)
    ),
    "mmvae": Recipe(ModelConfig(), replace(_PAPER, learn_epochs=0)),
    "sgal": Recipe(ModelConfig(), _PAPER),
    "sgal-dropout": Recipe(ModelConfig(), replace(_PAPER, dropout_samples=5)),
}
"""`mmvae`, `sgal` and `sgal-dropout` are the three rows of the paper with its networks; `best-mmvae`,
`best-sgal` and `best-dropout` are the same three with ours; `best` is what a head is trained by."""


def recipe_named(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        DataError: there is none.
    """
    if name not in RECIPES:
        raise DataError(f"unknown recipe {name!r}; expected one of {', '.join(RECIPES)}")
    return RECIPES[name]
