"""The page of maps shows every photo with its class, and each picture once."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from drawing import draw

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError
from zsl_images.evaluation.latent_maps import LatentMap
from zsl_images.report.map_page import write_map_page

TABLE = ClassTable(("cat", "<i>dog", "cow"), ("size",), np.arange(3)[:, None]).with_seen(["cat"])


@pytest.fixture
def map_() -> LatentMap:
    places = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    return LatentMap(places[:6], np.repeat(np.arange(3), 2), places[6:], TABLE, np.arange(0, 12, 2))


def test_every_photo_is_there_once_and_in_each_map(map_: LatentMap, tmp_path: Path) -> None:
    photos = [str(tmp_path / f"{row}.png") for row in range(12)]
    for path in photos[:8]:
        draw("red", 0).save(path)
    steps = []
    write_map_page({"sgal": map_, "best": map_}, photos, tmp_path / "map.html", steps.append)
    page = (tmp_path / "map.html").read_text("utf-8")
    assert page.count("data:image/jpeg;base64,") == len({0, 2, 4, 6})  # 8 and 10 have gone
    assert page.count('class="card p8"') == 2
    assert "10.png" in page
    assert len(steps) == 6
    assert "<i>dog" not in page
    for what in ("left", "top"):
        places = [float(place) for place in re.findall(rf"{what}: ([\d.]+)%", page)]
        assert len(places) == 2 * 9
        assert min(places) >= 0
        assert max(places) <= 100


def test_the_page_is_html_without_a_script(map_: LatentMap, tmp_path: Path) -> None:
    html5lib = pytest.importorskip("html5lib", reason="html5lib is not installed")
    write_map_page({"best": map_}, [f"{row}.png" for row in range(12)], tmp_path / "map.html")
    text = (tmp_path / "map.html").read_text("utf-8")
    html5lib.HTMLParser(strict=True).parse(text)
    assert "<script" not in text


def test_as_many_paths_as_rows_are_needed(map_: LatentMap, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="3 paths"):
        write_map_page({"best": map_}, ["a", "b", "c"], tmp_path / "map.html")
