"""Recipes: named settings of a model and its training. Each says only what differs from the paper."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from zsl_images.errors import DataError
from zsl_images.model.config import ModelConfig, Recipe, TrainConfig

_PAPER = Recipe(ModelConfig(), TrainConfig(), is_papers=True)
"""The paper's networks and training, and what its authors' code adds; weights/awa2.md compares them."""

_OURS = Recipe(
    ModelConfig(
        latent_dim=512,
        feature_scaling="whitened",
        feature_power=0.6,
        attribute_scaling="standard",
        encoder="residual",
        decoder="linear",
        prior="kernel",
        radius=5.0,
        decoder_dropout=0.0,
        bandwidth=1.5,
        shrinkage=0.3,
        seen_length=1.15,
    ),
    TrainConfig(
        warm_up_epochs=0,
        learn_epochs=0,
        learn_steps=150,
        batch_size=256,
        learn_rate=1e-4,
        bound_weight=1.0,
        kl_weight=0.0,
        regularisation_weight=0.0,
        cross_entropy_weight=1.0,
        generated_share=0.5,
        seen_only_probability=0.0,
        learning_parts=("encoder",),
        roll_back_interval=0,
        noise="measured",
    ),
)
"""Warm-up is a closed form: a whitened feature is its own latent, and a kernel places the class priors.
Generate-and-learn then learns how the encoder differs from the identity."""


_ROWS = replace(
    _OURS,
    model=replace(
        _OURS.model,
        attribute_scaling="centred",
        prior="evidence",
        bandwidth=2.0,
        shrinkage=0.0,
        seen_length=1.2,
    ),
)
"""A kernel that also hears of classes from the rows of the backbone's own classifier, and generates
features for these classes too."""


def _trained(recipe: Recipe, **changes: Any) -> Recipe:
    """The same parts, trained otherwise."""
    return replace(recipe, training=replace(recipe.training, **changes))


RECIPES: dict[str, Recipe] = {
    "best": _OURS,
    "best-mmvae": _trained(_OURS, learn_steps=0),
    "best-dropout": replace(
        _trained(_OURS, dropout_samples=5), model=replace(_OURS.model, decoder_dropout=0.2)
    ),
    "rows": _ROWS,
    "mmvae": _trained(_PAPER, learn_epochs=0),
    "sgal": _PAPER,
    "sgal-dropout": _trained(_PAPER, dropout_samples=5),
}
"""`mmvae`, `sgal` and `sgal-dropout` are the three rows of the paper with its networks; `best-mmvae`,
`best` and `best-dropout` are the same three with ours. `rows` learns from the backbone's own classes
too. Heads are trained with `best`, or `rows` if there are such classes, unless told otherwise."""


def recipe_named(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        DataError: there is no such recipe.
    """
    if name not in RECIPES:
        raise DataError(f"unknown recipe {name!r}; expected one of {', '.join(RECIPES)}")
    return RECIPES[name]
