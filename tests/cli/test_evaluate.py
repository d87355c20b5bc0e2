from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from commands import run
from drawing import COLOURS

from zsl_images.cli.console import FAILED


def test_a_saved_head_is_evaluated_on_the_test_rows(dataset: Path, tmp_path: Path) -> None:
    head = tmp_path / "head.safetensors"
    result = run("benchmark", dataset, "--seeds", 1, "--format", "json", "--save", head)
    benchmark = json.loads(result.stdout)
    report = json.loads(run("evaluate", dataset, "--head", head, "--format", "json").stdout)
    for name in ("T", "u", "s", "H", "best_H", "AUSUC"):
        assert 100 * report["figures"][name] == pytest.approx(benchmark[name]["mean"])
    assert {"u_per_image", "top5", "ECE"} <= set(report["figures"])
    points = np.array(report["curve"])
    assert (np.diff(points[:, 0]) >= 0).all()
    assert (np.diff(points[:, 1]) <= 0).all()
    result = run("evaluate", dataset)
    assert result.exit_code == FAILED
    assert "the head was trained with 1280 and 85" in result.stderr


def test_the_table_lists_figures_classes_and_confusions(
    colours: Path, colour_photos: Path, tmp_path: Path
) -> None:
    cache = tmp_path / "features.parquet"
    shown = run("evaluate", colour_photos, "--cache", cache, "--seen-penalty", 1e6).stdout
    seen = [path.name for path in colour_photos.iterdir()]
    lines = {line.split()[0]: line.split() for line in shown.splitlines() if line}
    assert lines["seen_accuracy"][1] == "0.0%"
    for name in seen:
        assert name in lines
    assert f"{'mistaken':<24}{'for':<24}" in shown
    assert "unseen" not in shown  # every class with photos is seen
    assert cache.exists()


def test_only_classes_of_the_table_have_photos(colours: Path, colour_photos: Path) -> None:
    report = json.loads(run("evaluate", colour_photos, "--format", "json").stdout)
    assert report["figures"]["seen_accuracy"] > 0.7
    assert {of_class["label"] for of_class in report["per_class"]} < set(COLOURS)
