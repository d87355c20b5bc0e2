"""A folder of drawn photos."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawing import COLOURS, draw


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for colour in COLOURS:
        (tmp_path / "mixed" / colour).mkdir(parents=True)
        for seed in range(200, 206):
            draw(colour, seed).save(tmp_path / "mixed" / colour / f"{seed}.png")
    return tmp_path / "mixed"
