"""Photos for tests of labelling."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawing import COLOURS, draw


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Forty photos in two folders, two of them broken."""
    folder = tmp_path / "photos"
    for part in ("a", "b"):
        (folder / part).mkdir(parents=True)
    for seed in range(40):
        path = folder / "ab"[seed % 2] / f"{seed:02}.png"
        draw(list(COLOURS)[seed % len(COLOURS)], seed).save(path)
    (folder / "a" / "10.png").write_text("broken")
    (folder / "b" / "11.png").write_bytes(b"")
    return folder
