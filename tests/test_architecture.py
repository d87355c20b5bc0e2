"""The design, kept by tests: import order, who may import what, public names, what a wheel holds."""

from __future__ import annotations

import ast
import graphlib
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import zsl_images

ROOT = Path(__file__).parent.parent
FLOORS = [
    {"errors", "version", "defaults"},
    {"arguments", "file_kinds", "files", "metrics", "names", "progress", "results"},
    {"classes", "features", "model"},
    {"head"},
    {"hub"},
    {"classifier"},
    {"labelling", "learning", "evaluation"},
    {"cluster", "report", "web"},
    {"cli"},
]
"""Imports go down only. Rooms on one floor do not know each other."""

FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}
HOMES_OF = {
    "torch": {"features", "model", "head"},
    "timm": {"features"},
    "torchvision": {"features"},
    "PIL": {"features"},
    "openvino": {"features"},
    "onnxruntime": {"features"},
    "pillow_heif": {"features"},
    "rawpy": {"features"},
    "openpyxl": {"classes"},
    "jinja2": {"report"},
    "fastapi": {"web"},
    "starlette": {"web"},
    "pydantic": {"web"},
    "uvicorn": {"web"},
    "huggingface_hub": {"features", "hub"},
    "ray": {"cluster"},
    "fsspec": {"features", "cluster"},
    "typer": {"cli"},
    "rich": {"cli"},
    "textual_image": {"cli"},
    "scipy": {"head", "evaluation"},
    "sklearn": {"evaluation"},
    "matplotlib": {"report"},
}
DOORS = {"__init__.py", "__main__.py"}
"""Files of the package itself that may open any room."""

LIBRARY = [path for path in sorted((ROOT / "zsl_images").rglob("*.py")) if path.name not in DOORS]
COMMANDS = sorted((ROOT / "cli").glob("*.py"))
NAME_OF = {
    **{path: ".".join(path.relative_to(ROOT).with_suffix("").parts) for path in LIBRARY},
    **{path: f"zsl_images.cli.{path.stem}" for path in COMMANDS},
}


def imports(path: Path) -> set[str]:
    """The modules that a file imports, those inside functions and for types alone too."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = NAME_OF[path].rsplit(".", node.level)[0] if node.level else ""
            module = ".".join(filter(None, (package, node.module)))
            found |= {module, *(f"{module}.{alias.name}" for alias in node.names)}
    return found


def room_of(module: str) -> str:
    return module.split(".")[1]


@pytest.mark.parametrize("path", NAME_OF, ids=NAME_OF.get)
def test_imports_go_one_way(path: Path) -> None:
    room = room_of(NAME_OF[path])
    for name in imports(path):
        package, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if package == "zsl_images" and other in FLOOR and other != room:
            assert FLOOR[other] < FLOOR[room], f"{NAME_OF[path]} imports {name}"
        if package in HOMES_OF:
            assert room in HOMES_OF[package], f"{NAME_OF[path]} imports {package}"


def test_no_file_imports_itself_by_a_detour() -> None:
    known = set(NAME_OF.values())
    graph = {name: imports(path) & known for path, name in NAME_OF.items()}
    list(graphlib.TopologicalSorter(graph).static_order())  # raises CycleError


@pytest.mark.parametrize("path", NAME_OF, ids=NAME_OF.get)
def test_every_module_has_its_test_file(path: Path) -> None:
    inside = path.relative_to(ROOT if path in COMMANDS else ROOT / "zsl_images")
    if inside.name not in {*DOORS, "version.py"}:
        assert (ROOT / "tests" / inside.with_name(f"test_{inside.name}")).is_file()


def test_every_room_has_its_floor() -> None:
    assert {room_of(name) for name in NAME_OF.values()} == set(FLOOR)


def test_every_room_is_packed() -> None:
    packed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"][
        "packages"
    ]
    rooms = {path.parent.relative_to(ROOT) for path in (ROOT / "zsl_images").rglob("*.py")}
    assert set(packed) == {".".join(room.parts) for room in rooms} | {
        "zsl_images.cli",
        "zsl_images.weights",
    }


def test_public_names_are_there_and_no_others() -> None:
    assert zsl_images.__all__ == sorted(zsl_images.__all__)
    for name in zsl_images.__all__:
        assert getattr(zsl_images, name) is not None
    assert set(zsl_images._HOMES) | {"__version__"} == set(zsl_images.__all__)
    assert set(zsl_images.__all__) <= set(dir(zsl_images))
    assert zsl_images.WeightsError is zsl_images.HeadError
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
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and not path.name.startswith(".") and "__pycache__" not in path.parts:
                expected.add(f"zsl_images/{inside}{path.relative_to(ROOT / folder).as_posix()}")
    assert held == expected
