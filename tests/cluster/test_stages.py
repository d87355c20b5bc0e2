from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from drawing import COLOURS, draw
from label_files import assert_alike, rows_of

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.cluster.stages import PICTURES, Labeller, decode, decoder_of
from zsl_images.labelling.label import label
from zsl_images.labelling.label_schema import SCHEMA


@pytest.fixture
def photos(tmp_path: Path) -> list[str]:
    """Four photos, of which the second is broken, and one that is gone."""
    paths = [tmp_path / "photos" / f"{number}.png" for number in range(5)]
    paths[0].parent.mkdir()
    for path, colour in zip(paths, COLOURS, strict=False):
        draw(colour, 1).save(path)
    paths[1].write_text("broken")
    paths[4].unlink()
    return [*map(str, paths)]


def test_the_stages_give_the_rows_of_the_local_run(
    trained: ZeroShotClassifier, photos: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    monkeypatch.setattr(ray, "get", lambda stored: stored)
    pictures = decode(pa.table({"path": photos}), decoder_of(trained.backbone))
    rows = Labeller(trained, 5)(pictures)
    assert rows.schema.equals(SCHEMA)
    label(trained, photos, tmp_path / "local.parquet")
    assert_alike(rows.to_pylist(), rows_of(tmp_path / "local.parquet"))
    assert [row["error"] is None for row in rows.to_pylist()] == [True, False, True, True, False]


def test_a_batch_without_a_readable_photo_has_its_rows(
    trained: ZeroShotClassifier, photos: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    monkeypatch.setattr(ray, "get", lambda stored: stored)
    pictures = decode(pa.table({"path": [photos[4], photos[1]]}), decoder_of(trained.backbone))
    assert pictures.schema.equals(PICTURES)
    gone, broken = Labeller(trained, 5)(pictures).to_pylist()
    assert gone["error"].endswith("4.png: no such file")
    assert "not an image" in broken["error"]


def test_the_decoder_carries_no_network(trained: ZeroShotClassifier) -> None:
    with pytest.raises(AssertionError):
        decoder_of(trained.backbone).network()
