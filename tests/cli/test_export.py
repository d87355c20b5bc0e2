from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.cli import app


def test_a_head_is_exported_with_the_seen_penalty_that_is_given(
    trained: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exported = []

    def export(classifier: ZeroShotClassifier, path: Path) -> None:
        exported.append(classifier.seen_penalty)
        path.write_bytes(bytes(1_500_000))

    monkeypatch.setattr(ZeroShotClassifier, "load", lambda name, **settings: trained)
    monkeypatch.setattr(ZeroShotClassifier, "export", export)
    out = tmp_path / "head.onnx"
    result = CliRunner().invoke(app, ["export", "--out", str(out), "--seen-penalty", "2.5"])
    assert result.exit_code == 0, result.output
    assert exported == [2.5]
    assert "head.onnx: 1.5 MB" in result.output


def test_another_ending_is_an_error(
    trained: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ZeroShotClassifier, "load", lambda name, **settings: trained)
    result = CliRunner().invoke(app, ["export", "--out", str(tmp_path / "head.pt")])
    assert result.exit_code == 1
    assert "ends in .onnx or .xml" in result.output
