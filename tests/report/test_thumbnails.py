"""Thumbnails are part of the page, as far as their photos are still there."""

from __future__ import annotations

import base64
from pathlib import Path

from drawing import draw

from zsl_images.report.thumbnails import PagePhoto, load_all


def test_photos_become_addresses_that_hold_them(tmp_path: Path) -> None:
    draw("red", 0).save(tmp_path / "a.png")
    photos = [PagePhoto(str(tmp_path / name)) for name in ("a.png", "gone.png")]
    steps = []
    load_all(photos, steps.append)
    start, _, data = photos[0].source.partition(",")
    assert start == "data:image/jpeg;base64"
    assert base64.b64decode(data).startswith(b"\xff\xd8")
    assert (photos[1].source, photos[1].name) == (None, "gone.png")
    assert [step.step for step in steps] == [1, 2]
