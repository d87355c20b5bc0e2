"""Recipes: named settings of a head and its training."""

from __future__ import annotations

from dataclasses import replace

from zsl_images.errors import DataError
from zsl_images.networks import ModelConfig
from zsl_images.training import Recipe, TrainConfig

_PAPER = TrainConfig()

RECIPES: dict[str, Recipe] = {
    "mmvae": Recipe(ModelConfig(), replace(_PAPER, learn_steps=0)),
    "sgal": Recipe(ModelConfig(), _PAPER),
    "sgal-dropout": Recipe(ModelConfig(), replace(_PAPER, dropout_samples=5)),
}
"""`mmvae`, `sgal` and `sgal-dropout` are the three rows of the paper; `best` is ours."""


def recipe_named(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        DataError: there is none.
    """
    if name not in RECIPES:
        raise DataError(f"unknown recipe {name!r}; expected one of {', '.join(RECIPES)}")
    return RECIPES[name]
