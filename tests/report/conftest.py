"""Label files of the drawn colours."""

from __future__ import annotations

from pathlib import Path

import pytest
from drawing import COLOURS, draw

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.labelling.label import label


@pytest.fixture(scope="session")
def labels(trained: ZeroShotClassifier, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A label file: 14 red photos, three of each other colour, one of them unreadable."""
    folder = tmp_path_factory.mktemp("labelled")
    for colour in COLOURS:
        for seed in range(14 if colour == "red" else 3):
            draw(colour, seed).save(folder / f"<{colour}>-{seed}.png")
    (folder / "broken.png").write_text("broken")
    out = folder / "labels.parquet"
    label(trained, folder, out)
    return out
