"""No option is ignored in silence: where it would have no effect, it is wrong usage."""

from __future__ import annotations

from pathlib import Path

import pytest
import scipy.io
from splits import xlsa17_arrays
from typer.testing import CliRunner

from zsl_images.cli import app

USAGE = 2


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("SET").mkdir()
    for file, content in xlsa17_arrays().items():
        scipy.io.savemat(f"SET/{file}", content)
    Path("table.csv").write_text("class,a,b\nx,1,5\ny,2,6\n")
    Path("photos").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "ignored"),
    [
        ("evaluate SET --attributes table.csv", "--attributes"),
        ("evaluate SET --text table.csv", "--text"),
        ("evaluate SET --min-confidence 0.5", "--min-confidence"),
        ("evaluate SET --unknown photos", "--unknown"),
        ("evaluate SET --cache f.parquet", "--cache"),
        ("evaluate SET --backbone-weights w.pth --device cpu", "--backbone-weights, --device"),
        ("classify photos --zsl-only --seen-penalty 1", "--seen-penalty"),
        ("relabel f.parquet -o l.csv --zsl-only --seen-penalty balanced", "--seen-penalty"),
        ("train photos -a table.csv -o h.safetensors --text-encoder e", "--text-encoder"),
        ("train photos -a table.csv -o h.safetensors --folds 0 --max-seen-loss 0.1", "--max-seen-loss"),
        ("features photos -a table.csv -o out --text-encoder e", "--text-encoder"),
        ("benchmark SET --conventional --calibration", "--calibration"),
        ("classes add table.csv -o h.safetensors --seed 1", "--seed"),
        ("classes add table.csv -o h.safetensors --learn --cache f.parquet", "--cache"),
        ("classes add table.csv -o h.safetensors --learn --device cpu", "--device"),
        ("classes check table.csv --margin 1", "--margin"),
        ("classes new z --like x --table table.csv --head h.safetensors", "--head"),
    ],
)
def test_an_option_without_effect_is_wrong_usage(folder: Path, arguments: str, ignored: str) -> None:
    result = CliRunner().invoke(app, arguments.split(), env={"COLUMNS": "200"})
    assert result.exit_code == USAGE, result.output
    assert f"{ignored} ha" in result.stderr
    assert "no effect" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        "train photos -o h.safetensors",
        "classify photos --seen-penalty nan",
        "classify photos --seen-penalty much",
        "relabel f.parquet -o l.xlsx",
        "classify",
        "relabel f.parquet -o l.csv --engine torch",
        "adapt photos -o h.safetensors --min-confidence 0.5",
    ],
)
def test_wrong_usage(folder: Path, arguments: str) -> None:
    assert CliRunner().invoke(app, arguments.split()).exit_code == USAGE
