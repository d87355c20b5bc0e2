"""Answering needs no torch: neither its import, which takes seconds, nor its installation."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from drawing import draw

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier

CODE = """
import sys
from importlib.abc import MetaPathFinder

class Absent(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.partition(".")[0] in ("torch", "torchvision", "timm"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
from zsl_images.cli import app
app()
"""


@pytest.fixture(scope="module")
def folder(
    trained: ZeroShotClassifier, colour_table: ClassTable, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A head whose backbone has been converted, a class table and photos."""
    pytest.importorskip("openvino")
    folder = tmp_path_factory.mktemp("without torch")
    trained.save(folder / "head.safetensors")
    backbone = replace(trained.backbone, engine_name="openvino")
    assert backbone.engine.name == "openvino"  # converts it into the cache folder
    rows = zip(colour_table.names, colour_table.attributes.tolist(), strict=True)
    lines = [",".join(map(str, (name, *values))) for name, values in rows]
    header = ",".join(("class", *colour_table.attribute_names))
    (folder / "classes.csv").write_text("\n".join([header, *lines]))
    for number, colour in enumerate(["red", "cyan"] * 20):
        (folder / "photos" / colour).mkdir(parents=True, exist_ok=True)
        draw(colour, 50 + number).save(folder / "photos" / colour / f"{number}.png")
    return folder


def run_without_torch(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of `zsl` as if PyTorch were not installed."""
    return subprocess.run(
        [sys.executable, "-c", CODE, *command.split()],
        cwd=folder,
        env={**os.environ, "COLUMNS": "200"},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "command",
    [
        "classify photos/red --head head.safetensors --explain",
        "classify photos/red --head head.safetensors --attributes classes.csv --format csv",
        "label photos --out labels.parquet --features features.parquet --head head.safetensors",
        "relabel features.parquet --out again.csv --head head.safetensors",
        "evaluate photos --head head.safetensors",
        "classes list --head head.safetensors",
        "classes check classes.csv --head head.safetensors",
        "classes rename cyan teal --head head.safetensors --out renamed.safetensors",
    ],
)
def test_answering_needs_no_torch(folder: Path, command: str) -> None:
    result = run_without_torch(folder, command)
    assert result.returncode == 0, result.stderr
    if command.startswith("classify"):
        assert "red" in result.stdout


@pytest.mark.parametrize(
    "command",
    [
        "train photos --attributes classes.csv --out new.safetensors",
        "classes promote photos --head head.safetensors --out new.safetensors",
        "features photos --attributes classes.csv --out features",
        "classify photos/red --head head.safetensors --engine torch",
    ],
)
def test_what_needs_torch_says_how_to_install_it(folder: Path, command: str) -> None:
    result = run_without_torch(folder, command)
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert "pip install torch torchvision timm" in line
