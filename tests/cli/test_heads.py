from __future__ import annotations

import json
from pathlib import Path

from commands import run
from typer.testing import CliRunner

from zsl_images.cli import app
from zsl_images.cli.console import FAILED
from zsl_images.head.head_file import load_head


def test_the_shipped_heads_are_listed_with_their_figures() -> None:
    lines = CliRunner().invoke(app, ["heads"]).stdout.splitlines()
    assert lines[0] == "awa2 (default)"
    assert max(map(len, lines)) <= 80
    (head,) = json.loads(CliRunner().invoke(app, ["heads", "--format", "json"]).stdout)
    loaded = load_head("awa2")
    assert head["figures"] == loaded.calibration.metrics
    table = loaded.table
    rows = table.row_names.intersection(table.unseen_names)
    assert [head[kind] for kind in ("seen", "rows", "unseen")] == [
        len(table.seen_names),
        len(rows),
        len(table.unseen_names) - len(rows),
    ]
    assert head["backbone"] == loaded.backbone.name
    assert head["bytes"] > 1e6


def test_a_head_is_verified(tmp_path: Path) -> None:
    result = run("heads", "verify", "awa2")
    assert (result.exit_code, "in order" in result.stdout) == (0, True)
    assert "tf_efficientnet_lite0, weights" in result.stdout
    (tmp_path / "head.safetensors").write_text("nothing")
    result = run("heads", "verify", tmp_path)
    assert (result.exit_code, "error:" in result.stderr) == (FAILED, True)
