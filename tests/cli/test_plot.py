"""`zsl plot` draws recipes and saved heads."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import USAGE, run


def test_recipes_and_heads_are_drawn(dataset: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.safetensors"
    assert run("benchmark", dataset, "--seeds", 1, "--save", saved).exit_code == 0
    for options, out in (((), "map.svg"), (("--curves",), "curves.png")):
        result = run(
            "plot", dataset, "--recipe", "best", "--head", saved, *options, "--out", tmp_path / out
        )
        assert result.exit_code == 0
        assert result.stdout.endswith(f"{out}: saved, best on TOY\n")
        assert (tmp_path / out).stat().st_size > 5000


def test_a_page_shows_the_photos_and_no_curves(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "map.html"
    result = run("plot", dataset, "--recipe", "best", "--photos", tmp_path, "--out", out)
    assert result.exit_code == 0, result.stderr
    assert "class prior" in out.read_text("utf-8")
    assert run("plot", dataset, "--curves", "--out", out).exit_code == USAGE
    assert run("plot", dataset, "--photos", tmp_path, "--out", tmp_path / "a.png").exit_code == USAGE


def test_another_ending_is_wrong_usage_before_anything_is_trained(
    dataset: Path, tmp_path: Path
) -> None:
    result = run("plot", dataset, "--out", tmp_path / "map.gif")
    assert result.exit_code == USAGE
    assert ".png, .svg, .pdf" in result.stderr.replace("\n", " ")


def test_without_the_extra_the_error_names_it(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    result = run("plot", dataset, "--out", tmp_path / "map.png")
    assert result.exit_code == 1
    assert 'pip install "zsl-images[plot]"' in result.stderr
