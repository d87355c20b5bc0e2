from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from commands import run
from drawing import UNSEEN, draw

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.cli.console import FAILED, FINISHED_WITH_FAILURES
from zsl_images.head.head_file import load_head
from zsl_images.head.transductive import AdaptReport
from zsl_images.learning.adapt import AdaptResult


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
    assert result.exit_code == 0, result.stderr
    assert "adapted to 80 photos" in result.stdout
    assert "labels that stay" in result.stdout
    assert "as unseen classes" in result.stdout
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


@pytest.mark.parametrize("after", [3, 9])
def test_adapt_says_that_seen_classes_lost_photos(
    colours: Path, trained: ZeroShotClassifier, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    report = AdaptReport(40, 0.9, (0.5, 0.6), (3, after), ())
    result = AdaptResult(trained, report, ())
    monkeypatch.setattr("zsl_images.learning.adapt.adapt", lambda *_, **__: result)
    out = run("adapt", colours, "-o", colours / "adapted.safetensors").stdout
    assert f"3 before, {after} after" in out
    assert ("if they show seen classes, do not use the new head" in out) == (after > 3)
