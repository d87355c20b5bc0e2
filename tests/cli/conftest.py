"""A small head as a file, classes to add to it, and photos to label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from commands import run
from drawing import UNSEEN, draw
from PIL import Image

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier


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


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with two photos of noise."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.jpg"):
        noise = rng.integers(0, 255, (8, 8, 3), np.uint8)
        Image.fromarray(noise).resize((64, 48)).save(folder / name)
    return folder


TREE = """colour,warmth,kind
red,warm,coloured
orange,warm,coloured
yellow,warm,coloured
magenta,warm,coloured
green,cold,coloured
blue,cold,coloured
cyan,cold,coloured
grey,,
"""


@pytest.fixture
def colours(trained: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a drawn photo, a broken one and a taxonomy; every head is the drawn colours'."""
    monkeypatch.setattr(ZeroShotClassifier, "load", lambda *_, **__: trained)
    draw("red", 70).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("broken")
    (tmp_path / "tree.csv").write_text(TREE)
    return tmp_path
