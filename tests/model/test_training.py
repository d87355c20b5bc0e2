from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from zsl_images.classes.class_table import ClassTable
from zsl_images.model.config import ModelConfig, Recipe, TrainConfig
from zsl_images.model.mmvae import MultiModalVAE
from zsl_images.model.priors import KernelPrior
from zsl_images.model.recipes import RECIPES, recipe_named
from zsl_images.model.training import bound, fit

SEEN, UNSEEN, WIDTH = 12, 4, 40


@pytest.fixture(scope="module")
def data() -> tuple[np.ndarray, np.ndarray, ClassTable]:
    """Features that depend on attributes: 12 seen classes with 15 rows each, 4 unseen."""
    rng = np.random.default_rng(0)
    attributes = rng.uniform(0, 100, (SEEN + UNSEEN, 10)).astype(np.float32)
    means = attributes @ rng.normal(size=(10, WIDTH)) / 30
    labels = np.repeat(np.arange(SEEN), 15)
    features = np.maximum(means[labels] + rng.normal(size=(len(labels), WIDTH)), 0)
    table = ClassTable(
        tuple(f"class {k}" for k in range(SEEN + UNSEEN)),
        tuple(f"attribute {k}" for k in range(10)),
        attributes,
        np.arange(SEEN + UNSEEN) < SEEN,
    )
    return features.astype(np.float32), labels, table


def fitted(data: tuple, recipe: Recipe, seed: int, **options: Any) -> MultiModalVAE:
    features, labels, table = data
    return fit(features, labels, table.attributes, table.is_seen, recipe, seed, **options)


def small(name: str, **training: object) -> Recipe:
    recipe = recipe_named(name)
    hidden = {} if name == "best" else {"encoder_hidden": (32,), "decoder_hidden": (32,)}
    model = replace(recipe.model, latent_dim=16, **hidden)
    return Recipe(model, replace(recipe.training, **training))


@pytest.mark.parametrize("name", RECIPES)
def test_the_same_seed_gives_the_same_model(name: str, data: tuple) -> None:
    recipe = small(name, warm_up_epochs=2, learn_epochs=2)
    first, second = (fitted(data, recipe, seed=3).state_dict() for _ in range(2))
    other = fitted(data, recipe, seed=4).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_training_leaves_the_callers_random_numbers_alone(data: tuple) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fitted(data, small("best", warm_up_epochs=1, learn_epochs=1), seed=0)
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("name", ["best", "mmvae"])
def test_every_parameter_gets_a_gradient(name: str) -> None:
    config = replace(
        small(name).model, feature_dim=20, attribute_dim=6, prior_centres=5 * (name == "best")
    )
    model = MultiModalVAE(config)
    if isinstance(model.prior, KernelPrior):
        model.prior.fit(torch.rand(5, 6))
        torch.nn.init.normal_(model.prior.weight)
    priors = model.prior(torch.rand(5, 6))
    x = torch.rand(30, config.scaled_dim)
    losses = bound(model, x, torch.arange(30) % 5, priors, None, TrainConfig())
    torch.stack(list(losses.values())).sum().backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize("name", RECIPES)
def test_the_losses_fall_in_warm_up(name: str, data: tuple) -> None:
    records = []
    recipe = small(name, warm_up_epochs=60, learn_epochs=0, batch_size=0, warm_up_rate=3e-3)
    fitted(data, recipe, seed=0, on_step=records.append)
    totals = [sum(record.losses.values()) for record in records]
    assert np.mean(totals[-10:]) < np.mean(totals[:10])
    assert records[-1].step == records[-1].steps == len(records)


def test_unseen_classes_are_told_apart(data: tuple) -> None:
    features, labels, table = data
    rng = np.random.default_rng(1)
    truth = np.random.default_rng(0)
    truth.uniform(0, 100, (SEEN + UNSEEN, 10))
    means = table.attributes @ truth.normal(size=(10, WIDTH)) / 30
    unseen = np.repeat(np.arange(SEEN, SEEN + UNSEEN), 30)
    x = np.maximum(means[unseen] + rng.normal(size=(len(unseen), WIDTH)), 0).astype(np.float32)
    model = fitted((features, labels, table), small("best"), seed=0)
    latents = model.latents(torch.from_numpy(x))
    priors = model.class_priors(torch.from_numpy(table.attributes[SEEN:]))
    right = torch.cdist(latents, priors).argmin(1).numpy() == unseen - SEEN
    assert right.mean() > 0.7  # chance is a quarter


@pytest.mark.parametrize("name", ["sgal", "sgal-dropout", "best"])
def test_generate_and_learn_changes_the_encoder_alone(name: str, data: tuple) -> None:
    before = fitted(data, small(name, warm_up_epochs=2, learn_epochs=0), seed=0).state_dict()
    after = fitted(data, small(name, warm_up_epochs=2, learn_epochs=2), seed=0).state_dict()
    changed = {key.partition(".")[0] for key in before if not torch.equal(before[key], after[key])}
    assert changed == {"encoder"}


def test_without_unseen_classes_there_is_only_warm_up(data: tuple) -> None:
    features, labels, table = data
    phases = set()
    seen = table.select(table.names[:SEEN])
    fitted(
        (features, labels, seen), small("best"), seed=0, on_step=lambda record: phases.add(record.phase)
    )
    assert phases == {"training: warm-up"}


def test_a_class_left_out_in_closed_form_is_what_leaving_it_out_gives() -> None:
    torch.manual_seed(0)
    attributes, means = torch.randn(7, 4), torch.randn(7, 3)
    prior = KernelPrior(ModelConfig(attribute_dim=4, latent_dim=3, prior_centres=7))
    prior.fit(attributes)
    _, left_out = prior.solve(means, ridge=0.1)
    others = torch.arange(7) != 2
    kernel = prior.kernel(attributes[others], attributes[others])
    weight = torch.linalg.solve(kernel + 0.1 * torch.eye(6), means[others])
    expected = prior.kernel(attributes[2:3], attributes[others]) @ weight
    torch.testing.assert_close(left_out[2:3], expected, rtol=1e-4, atol=1e-4)


def test_attributes_that_say_nothing_lose_relevance(data: tuple) -> None:
    features, labels, table = data
    noise = np.random.default_rng(3).uniform(0, 100, table.attributes.shape).astype(np.float32)
    names = (*table.attribute_names, *(f"noise {n}" for n in range(noise.shape[1])))
    table = replace(table, attributes=np.hstack([table.attributes, noise]), attribute_names=names)
    relevance = fitted((features, labels, table), small("best"), seed=0).prior.relevance
    telling, idle = relevance.detach().chunk(2)
    assert (relevance != 1).all()
    assert telling.mean() > idle.mean() + 0.02


def test_classes_come_and_go_without_touching_the_others(data: tuple) -> None:
    for name in ("best", "mmvae"):
        model = fitted(data, small(name, warm_up_epochs=2, learn_epochs=0), seed=0)
        attributes = torch.from_numpy(data[2].attributes)
        order = torch.randperm(len(attributes))
        torch.testing.assert_close(
            model.class_priors(attributes)[order][:5], model.class_priors(attributes[order[:5]])
        )


def test_whitened_features_lie_on_the_sphere_whatever_their_length(data: tuple) -> None:
    model = fitted(data, small("best", warm_up_epochs=1, learn_epochs=0), seed=0)
    x = torch.from_numpy(data[0])
    scaled = model.feature_scaling(x)
    torch.testing.assert_close(scaled.norm(dim=1), torch.full((len(x),), 5.0))
    torch.testing.assert_close(model.feature_scaling(7 * x), scaled, rtol=1e-4, atol=1e-4)


def test_fewer_rows_than_latents_is_no_trouble(data: tuple) -> None:
    features, labels, table = data
    few = np.flatnonzero(np.arange(len(labels)) % 15 == 0)
    model = fitted((features[few], labels[few], table), small("best", learn_epochs=1), seed=0)
    assert torch.isfinite(model.latents(torch.from_numpy(features))).all()
