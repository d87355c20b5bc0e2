"""Names in `defaults` are those of the library, and the command line offers these and no others."""

from __future__ import annotations

from dataclasses import fields

from zsl_images.cli.exports import Exports
from zsl_images.cli.options import EngineName, RecipeName
from zsl_images.defaults import AUTO, DEFAULT_RECIPE, ENGINE_NAMES, RECIPE_NAMES
from zsl_images.features.engines import ENGINES
from zsl_images.labelling.outputs import Outputs
from zsl_images.model.recipes import RECIPES


def test_recipes() -> None:
    assert tuple(RECIPES) == RECIPE_NAMES == tuple(RecipeName)
    assert DEFAULT_RECIPE in RECIPES


def test_engines() -> None:
    assert tuple(ENGINES) == ENGINE_NAMES
    assert tuple(EngineName) == (AUTO, *ENGINES)


def test_every_export_has_its_option() -> None:
    assert {field.name for field in fields(Exports)} == {field.name for field in fields(Outputs)}
