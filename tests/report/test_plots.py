"""Plots are written in the form that their name says, with a star for each unseen class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError, OutputError
from zsl_images.evaluation.latent_maps import LatentMap
from zsl_images.report.plots import plot_curves, plot_maps

STARTS = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF"}
CURVE = ((-1.0, 0.9, 0.1), (0.0, 0.5, 0.5), (1.0, 0.1, 0.9))


@pytest.fixture
def map_() -> LatentMap:
    rng = np.random.default_rng(0)
    table = ClassTable(("cat", "dog", "sea_cow"), ("size",), np.arange(3)[:, None]).with_seen(["cat"])
    places = rng.normal(size=(30, 2)).astype(np.float32)
    return LatentMap(places, np.repeat(np.arange(3), 10), places[:3], table, np.arange(30))


@pytest.mark.parametrize("suffix", STARTS)
def test_the_ending_chooses_the_form(map_: LatentMap, tmp_path: Path, suffix: str) -> None:
    plot_maps({"sgal": map_, "best": map_}, tmp_path / f"map{suffix}")
    plot_curves({"sgal": CURVE}, tmp_path / f"curve{suffix}")
    for name in ("map", "curve"):
        assert (tmp_path / f"{name}{suffix}").read_bytes().startswith(STARTS[suffix])


def test_titles_and_unseen_classes_are_named(
    map_: LatentMap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("matplotlib").rcParams, "svg.fonttype", "none")
    plot_maps({"sgal": map_, "best": map_}, tmp_path / "map.svg")
    text = (tmp_path / "map.svg").read_text()
    for word in ("sgal", "best", "dog", "sea cow", "photos of seen classes"):
        assert f">{word}<" in text
    assert ">cat<" not in text
    plot_curves({"sgal": CURVE, "best": CURVE}, tmp_path / "curve.svg")
    assert "best (AUSUC 40.0)" in (tmp_path / "curve.svg").read_text()


def test_the_same_plot_twice_is_the_same_file(map_: LatentMap, tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        plot_maps({"sgal": map_}, tmp_path / name)
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()


def test_other_endings_and_places_are_refused(map_: LatentMap, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"\.png, \.svg, \.pdf"):
        plot_maps({"sgal": map_}, tmp_path / "map.gif")
    with pytest.raises(OutputError):
        plot_maps({"sgal": map_}, tmp_path / "nowhere" / "map.png")
