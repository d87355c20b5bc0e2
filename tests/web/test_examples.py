"""Examples are photos of installed packages, as many as there are."""

from __future__ import annotations

import importlib.machinery
import importlib.util
from pathlib import Path

import pytest
from PIL import Image

from zsl_images.web.examples import PHOTOS, example_photos


def test_the_flower_is_there_with_the_dependencies() -> None:
    found = example_photos()
    assert "flower.jpg" in found
    for path in found.values():
        with Image.open(path) as photo:
            photo.load()


def test_a_package_may_be_missing_or_hold_no_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = importlib.machinery.ModuleSpec("skimage", None, is_package=True)
    empty.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(importlib.util, "find_spec", {"skimage": empty}.get)
    assert example_photos() == {}
    (tmp_path / "data").mkdir()
    (tmp_path / PHOTOS["cat.png"][1]).write_bytes(b"photo")
    assert list(example_photos()) == ["cat.png"]


def test_the_page_offers_them(client) -> None:
    listed = client.get("/examples").json()
    assert listed == list(example_photos())
    answer = client.get("/examples/flower.jpg")
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.content == example_photos()["flower.jpg"].read_bytes()
    assert client.get("/examples/..%2Fapi.py").status_code == 404
    assert client.get("/examples/mouse.png").status_code == 404
