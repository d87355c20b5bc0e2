from __future__ import annotations

import ast
from pathlib import Path

from zsl_images import defaults
from zsl_images.cli.options import EngineName, RecipeName
from zsl_images.features.engines import ENGINES
from zsl_images.head.shipped_heads import shipped_heads
from zsl_images.model.recipes import RECIPES


def test_defaults_import_nothing() -> None:
    tree = ast.parse(Path(defaults.__file__).read_text("utf-8"))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [getattr(node, "module", "") for node in imports] in ([], ["__future__"])


def test_the_command_line_offers_what_the_library_has() -> None:
    assert tuple(RecipeName) == tuple(RECIPES)
    assert tuple(EngineName) == (defaults.AUTO, *ENGINES)


def test_the_defaults_are_among_the_choices() -> None:
    assert defaults.DEFAULT_RECIPE in RECIPES
    assert defaults.DEFAULT_HEAD in shipped_heads()
