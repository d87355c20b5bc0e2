from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import USAGE, run
from drawing import draw


@pytest.fixture
def many(tmp_path: Path) -> Path:
    for seed in range(40):
        draw("red", seed).save(tmp_path / f"red-{seed:03}.png")
    return tmp_path


def test_the_pipeline_is_compared_with_its_parts(many: Path) -> None:
    result = run("speed", many, "--limit", 40, "--format", "json")
    assert result.exit_code == 0
    fields = {"engine", "decode", "model", "pipeline", "bound", "slower"}
    assert set(json.loads(result.stdout)) == fields
    shown = run("speed", many, "--limit", 40).stdout
    assert shown.startswith("40 photos, engine ")
    assert "of what decoding and the backbone allow" in shown


def test_fewer_photos_than_a_batch_are_wrong_usage(many: Path) -> None:
    assert run("speed", many, "--limit", 3).exit_code == USAGE
