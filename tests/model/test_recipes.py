from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from small_models import SEEN, fitted, small, small_data

from zsl_images.errors import DataError
from zsl_images.evaluation.paper import PAPER_STEPS
from zsl_images.model.mmvae import build
from zsl_images.model.recipes import RECIPES, recipe_named
from zsl_images.progress import StepRecord

PARTS = ("feature_scaling", "attribute_scaling", "encoder", "decoder", "prior")


def test_the_papers_recipes_say_that_they_are() -> None:
    papers = {name for name, recipe in RECIPES.items() if recipe.is_papers}
    assert papers == {"mmvae", "sgal", "sgal-dropout"}


def test_an_unknown_name_lists_the_recipes() -> None:
    with pytest.raises(DataError, match=r"unknown recipe 'bset'; expected one of best, best-mmvae"):
        recipe_named("bset")


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_can_be_built_and_is_tested_with_its_own_parts(name: str) -> None:
    recipe = recipe_named(name)
    for part in PARTS:
        assert getattr(small(name).model, part) == getattr(recipe.model, part)
    build(replace(recipe.model, feature_dim=20, attribute_dim=5, seen_classes=3))


def test_recipes_differ_in_what_their_names_say() -> None:
    assert not RECIPES["mmvae"].training.learn_epochs
    assert not RECIPES["best-mmvae"].training.learn_steps
    for name in ("sgal-dropout", "best-dropout"):
        assert RECIPES[name].training.dropout_samples == 5
        assert RECIPES[name].model.decoder_dropout > 0


def test_the_papers_recipes_are_trained_as_the_paper_and_its_code_say() -> None:
    training = RECIPES["sgal"].training
    assert training.warm_up_rate == training.learn_rate == 1e-4
    assert training.batch_size == 64
    assert training.generated_share == 0.9
    assert training.seen_only_probability == 0.5
    assert training.learning_parts == ("encoder", "decoder", "prior")
    assert training.roll_back_interval == 100
    of_cub = [steps * training.batch_size / 7057 for steps in PAPER_STEPS["CUB"]]  # its seen rows
    assert [training.warm_up_epochs, training.learn_epochs] == [round(epochs) for epochs in of_cub]
    for name in ("mmvae", "sgal-dropout"):
        assert RECIPES[name].model == RECIPES["sgal"].model


def test_the_closed_form_takes_no_step_and_tells_unseen_classes_apart() -> None:
    records: list[StepRecord] = []
    model = fitted(small_data(), small("best-mmvae"), on_step=records.append)
    assert not records
    unseen = small_data(of_unseen=True)
    scores = model.scores(torch.tensor(unseen.features), torch.tensor(unseen.attributes[SEEN:]))
    assert (scores.argmax(1).numpy() + SEEN == unseen.labels).mean() > 0.7
