"""The design, kept by tests: import order, who may import what, public names, what a wheel holds."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import zsl_images

ROOT = Path(__file__).parent.parent
LEVELS = [
    {"errors", "version"},
    {"files"},
    {"tables"},
    {"attributes"},
    {"classes", "images", "kept", "labels", "metrics", "results"},
    {"exports"},
    {"engines", "networks", "losses", "pretrained", "scoring", "rows", "taxonomy"},
    {"backbones", "mmvae", "texts", "xlsa17"},
    {"features"},
    {"training", "evaluation", "memory"},
    {"checkpoint", "paper", "recipes"},
    {"checking", "explanations", "speed", "residuals", "adapting"},
    {"growing"},
    {"classifier"},
    {"learning", "parts"},
    {"labelling", "benchmarks", "updating"},
    {"__init__", "cli"},
    {"__main__"},
]
LEVEL = {name: number for number, names in enumerate(LEVELS) for name in names}
HOMES_OF = {
    "torch": {name for name, level in LEVEL.items() if level >= LEVEL["engines"]}
    - {"rows", "taxonomy", "texts", "checking"},
    "timm": {"backbones", "pretrained"},
    "torchvision": {"backbones"},
    "openvino": {"engines"},
    "onnxruntime": {"engines"},
    "typer": {"cli"},
    "rich": {"cli"},
    "scipy": {"evaluation", "xlsa17"},
    "sklearn": {"evaluation"},
}
MODULES = sorted((ROOT / "zsl_images").glob("*.py"))


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
            found |= {f"zsl_images.{a.name}" for a in node.names if node.module == "zsl_images"}
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_go_one_way(path: Path) -> None:
    for name in imports(path):
        package, _, room = name.partition(".")
        room = room.partition(".")[0]
        if package == "zsl_images" and room in LEVEL:
            assert LEVEL[room] < LEVEL[path.stem], f"{path.stem} imports {room}"
        if package in HOMES_OF:
            assert path.stem in HOMES_OF[package], f"{path.stem} imports {package}"


@pytest.mark.parametrize("path", sorted((ROOT / "cli").glob("*.py")), ids=lambda path: path.stem)
def test_the_command_line_imports_no_torch(path: Path) -> None:
    assert not {name.partition(".")[0] for name in imports(path)} & {"torch", "timm", "PIL"}


def test_every_room_has_its_place() -> None:
    assert {path.stem for path in MODULES} | {"cli"} == set(LEVEL)


def test_public_names_are_there_and_no_others() -> None:
    assert zsl_images.__all__ == sorted(zsl_images.__all__)
    for name in zsl_images.__all__:
        assert getattr(zsl_images, name) is not None
    assert set(zsl_images._HOMES) | {"__version__"} == set(zsl_images.__all__)
    assert set(zsl_images.__all__) <= set(dir(zsl_images))
    with pytest.raises(AttributeError, match="nonsense"):
        _ = zsl_images.nonsense


def test_importing_the_package_wakes_no_torch() -> None:
    code = "import sys, zsl_images, zsl_images.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_wheel_holds_every_file_of_the_tree(tmp_path: Path) -> None:
    for name in ("zsl_images", "cli", "weights"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    wheels = tmp_path / "wheels"
    subprocess.run([*command, "-w", str(wheels), str(tmp_path)], check=True, capture_output=True)
    (wheel,) = wheels.glob("*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    expected = set()
    for folder, inside in (("zsl_images", ""), ("cli", "cli/"), ("weights", "weights/")):
        for path in (ROOT / folder).iterdir():
            if path.is_file() and not path.name.startswith("."):
                expected.add(f"zsl_images/{inside}{path.name}")
    assert held == expected
