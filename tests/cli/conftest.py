"""A small head as a file, and classes to add to it."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import run
from drawing import UNSEEN

from zsl_images.classes.class_table import ClassTable


@pytest.fixture(scope="session")
def head(
    colour_photos: Path, colour_table: ClassTable, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A head of the six seen colours, on the default backbone."""
    folder = tmp_path_factory.mktemp("head")
    seen = [name for name in colour_table.names if name not in UNSEEN]
    colour_table.select(seen).write(folder / "seen.csv")
    out = folder / "head.safetensors"
    result = run("train", colour_photos, "-a", folder / "seen.csv", "-o", out, "--folds", 0)
    assert result.exit_code == 0
    return out


@pytest.fixture
def new(tmp_path: Path, colour_table: ClassTable) -> Path:
    colour_table.select(UNSEEN).write(tmp_path / "new.csv")
    return tmp_path / "new.csv"
