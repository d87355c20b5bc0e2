"""Photos for tests of labelling."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from drawing import COLOURS, draw

from zsl_images.labelling.label_files import write_labels
from zsl_images.labelling.label_schema import SCHEMA


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


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """A label file of five photos: two of one name, one unlabelled, one of an odd class, one broken."""
    photos = [
        ("a/1.jpg", "lion", None),
        ("b/1.jpg", "lion", None),
        ("b/2.jpg", None, None),
        ("b/3.jpg", "../cat & <dog>", None),
        ("b/4.jpg", None, "not an image"),
    ]
    rows = []
    for name, label, error in photos:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
        row = {"path": str(path), "size": 1, "mtime": 1, "label": label, "error": error}
        rows.append({**row, "probability": None if error else 0.75, "head": "h", "version": "v"})
    write_labels([pa.Table.from_pylist(rows, SCHEMA)], tmp_path / "labels.parquet")
    return tmp_path / "labels.parquet"
