from __future__ import annotations

import json
import shutil
from pathlib import Path

from commands import run
from drawing import UNSEEN, draw

from zsl_images.cli.console import FAILED, FINISHED_WITH_FAILURES
from zsl_images.head.head_file import load_head


def test_adapt_reports_before_and_after(
    head: Path, new: Path, tmp_path: Path, colour_photos: Path
) -> None:
    grown, out = tmp_path / "grown.safetensors", tmp_path / "adapted.safetensors"
    run("classes", "add", new, "-w", head, "-o", grown)
    photos = tmp_path / "photos"
    shutil.copytree(colour_photos, photos)
    for colour in UNSEEN:
        for seed in range(10):
            draw(colour, seed).save(photos / f"{colour}-{seed}.png")
    result = run("adapt", photos, "-w", grown, "-o", out)
    assert result.exit_code == 0
    assert "adapted to 80 photos" in result.stdout
    assert "labels that stay" in result.stdout
    assert set(load_head(out).residuals) == set(UNSEEN)
    (photos / "broken.png").write_text("broken")
    result = run(
        "adapt", photos, "-w", grown, "-o", out, "--format", "json", "-a", tmp_path / "new.csv"
    )
    assert result.exit_code == FINISHED_WITH_FAILURES
    report = json.loads(result.stdout)
    assert report["photos"] == 80
    assert 0 <= report["agreement"] <= 1
    assert {name for name, _, _ in report["counts"]} <= set(UNSEEN)
    result = run("adapt", colour_photos / "red", "-w", grown, "-o", out)
    assert result.exit_code == FAILED
    assert "10 photos that can be read, expected 30 or more" in result.stderr
