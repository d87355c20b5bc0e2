"""Small things that many tests need: drawn photos, a class table, a small backbone, a small head."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from drawing import COLOURS, UNSEEN, draw
from splits import written

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.features.backbone_network import Network
from zsl_images.features.backbones import Backbone
from zsl_images.learning.train import train
from zsl_images.model.config import Recipe
from zsl_images.model.recipes import recipe_named


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ZSL_CACHE", str(tmp_path_factory.mktemp("cache")))
        environment.setenv("ZSL_OFFLINE", "1")
        yield


@pytest.fixture(scope="session")
def colour_table() -> ClassTable:
    """Eight colours, described by how much red, green, blue and light they have."""
    attributes = [[r, g, b, (r + g + b) / 3] for r, g, b in COLOURS.values()]
    return ClassTable(
        tuple(COLOURS), ("redness", "greenness", "blueness", "light"), np.array(attributes)
    )


@pytest.fixture(scope="session")
def colour_photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder per seen colour, with ten photos each."""
    root = tmp_path_factory.mktemp("photos")
    for colour in COLOURS:
        if colour not in UNSEEN:
            (root / colour).mkdir()
            for seed in range(10):
                draw(colour, seed).save(root / colour / f"{seed:02}.png")
    return root


class _Means(torch.nn.Module):
    """Features of a picture: the mean of each colour channel over a 2 × 2 grid, and their squares."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        grid = torch.nn.functional.adaptive_avg_pool2d(images / 255, 2).flatten(1)
        return torch.cat([grid, grid.square()], dim=1)


@pytest.fixture(scope="session")
def small_backbone() -> Backbone:
    """A backbone of 24 features that needs no weights."""
    settings = {"input_size": [3, 16, 16], "crop_mode": "squash", "interpolation": "bicubic"}
    network = Network(_Means().eval(), 24, settings, "nowhere", "0" * 64)
    return Backbone("small", lambda: network, 24, "cpu", "torch", "0" * 64, settings)


@pytest.fixture(scope="session")
def small_recipe() -> Recipe:
    """The `best` recipe, made small."""
    best = recipe_named("best")
    return replace(best, model=replace(best.model, latent_dim=8))


@pytest.fixture(scope="session")
def trained(
    colour_photos: Path,
    colour_table: ClassTable,
    small_backbone: Backbone,
    small_recipe: Recipe,
    tmp_path_factory: pytest.TempPathFactory,
) -> ZeroShotClassifier:
    """A classifier trained on the drawn photos.

    Its temperature is that of a head trained on many; a dozen held-out photos make it twice as unsure.
    """
    cache = tmp_path_factory.mktemp("trained") / "features.parquet"
    classifier = train(
        colour_photos, colour_table, backbone=small_backbone, recipe=small_recipe, cache=cache
    ).classifier
    calibration = replace(classifier.head.calibration, temperature=2.5)
    return classifier.with_head(replace(classifier.head, calibration=calibration))


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A small data set in the field's layout."""
    return written(tmp_path / "TOY")
