"""What is built and installed: no code in data, floors past known advisories, the same wheel twice."""

from __future__ import annotations

import ast
import csv
import hashlib
import os
import pickle
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path

import mutated_reads
import pytest

from zsl_images.errors import ZSLError
from zsl_images.evaluation.xlsa17 import read_xlsa17
from zsl_images.hub.repositories import find_head

ROOT = Path(__file__).parent.parent
SOURCES = [path for name in ("zsl_images", "cli", "weights") for path in (ROOT / name).rglob("*.py")]
FORBIDDEN = frozenset(
    {"eval", "exec", "compile", "os.system", "os.popen", "marshal.loads", "marshal.load", "shelve.open"}
    | {"pickle.load", "pickle.loads", "pickle.Unpickler", "joblib.load", "dill.load", "dill.loads"}
    | {"yaml.load", "yaml.unsafe_load", "np.fromfile", "xml.sax.parse"}
)
SAFE_ONLY_WITH = {"torch.load": ("weights_only", True), "np.load": ("allow_pickle", False)}
"""Functions that run code in a file unless they are told not to."""


def calls_in(path: Path) -> list[tuple[str, ast.Call]]:
    """The calls in a source file, by the name of what is called."""
    tree = ast.parse(path.read_text("utf-8"))
    return [(ast.unparse(n.func), n) for n in ast.walk(tree) if isinstance(n, ast.Call)]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_call_runs_what_is_in_a_file(path: Path) -> None:
    for name, call in calls_in(path):
        where = f"{path}:{call.lineno}: {name}"
        options = {word.arg: getattr(word.value, "value", None) for word in call.keywords}
        assert name not in FORBIDDEN, where
        assert options.get("shell") is not True, where
        if name in SAFE_ONLY_WITH:
            option, value = SAFE_ONLY_WITH[name]
            assert options.get(option) is value, where


def version(text: str) -> tuple[int, ...]:
    numbers = [int(number) for number in re.findall(r"\d+", text)]
    return tuple([*numbers, 0, 0][:3])


def test_floors_are_past_known_advisories() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    required = [*project["project"]["dependencies"], *(one for extra in extras for one in extra)]
    floors: dict[str, list[str]] = {}
    for one in [*required, *project["build-system"]["requires"]]:
        match = re.match(r"([\w.-]+)(?:\[[\w,]+\])?>=([\d.]+)", one)
        assert match, f"{one} has no floor"
        floors.setdefault(match[1], []).append(match[2])
    with (ROOT / "tests" / "advisories.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for floor in floors[row["package"]]:
                assert version(floor) >= version(row["fixed"]), (row, floor)


class Canary:
    """Writes a file if it is unpickled."""

    def __init__(self, place: Path) -> None:
        self._place = place

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self._place),)


READERS = [
    *("photo", "head", "table", "taxonomy", "class_map", "descriptions", "labels", "features"),
    *("copies", "list", "evaluation", "weights"),
]
ENDINGS = (
    ".safetensors",
    ".pth",
    ".pt",
    ".csv",
    ".xlsx",
    ".jsonl",
    ".parquet",
    ".json",
    ".jpg",
    ".tif",
)


def canary(place: Path, form: str) -> bytes:
    data = pickle.dumps(Canary(place), protocol=2)
    if form == "bare":
        return data
    path = place.with_name("canary.zip")
    with zipfile.ZipFile(path, "w") as archive:  # as torch writes weights
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/version", "3")
    return path.read_bytes()


@pytest.mark.parametrize("form", ["bare", "zip"])
@pytest.mark.parametrize("reader", READERS)
def test_a_pickle_is_refused_by_every_reader(reader: str, form: str, tmp_path: Path) -> None:
    place = tmp_path / "written"
    read, _, declared = mutated_reads.catalogue_of(reader)
    for ending in ENDINGS if reader not in ("list",) else (".parquet",):
        path = tmp_path / f"canary{ending}"
        path.write_bytes(canary(place, form))
        with pytest.raises(declared):
            read(path)
    assert not place.exists()


def test_a_pickle_in_place_of_matlab_files_or_a_head_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "written"
    for name in ("res101.mat", "att_splits.mat"):
        (tmp_path / name).write_bytes(canary(place, "bare"))
    with pytest.raises(ZSLError):
        read_xlsa17(tmp_path)
    (tmp_path / "hub").mkdir()
    (tmp_path / "hub" / "pytorch_model.bin").write_bytes(canary(place, "zip"))
    with pytest.raises(ZSLError):
        find_head(tmp_path / "hub")
    assert not place.exists()


def test_the_canary_sings(tmp_path: Path) -> None:
    pickle.loads(canary(tmp_path / "written", "bare"))
    assert (tmp_path / "written").is_dir()


def test_the_wheel_is_the_same_whenever_and_wherever_it_is_built(tmp_path: Path) -> None:
    hashes = []
    for place in ("one", "another"):
        folder = tmp_path / place
        for name in ("zsl_images", "cli", "weights"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored, copy_function=shutil.copyfile)
        for name in ("pyproject.toml", "README.md", "LICENSE"):
            shutil.copyfile(ROOT / name, folder / name)
        command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
        subprocess.run(
            [*command, "-w", str(folder / "out"), str(folder)],
            check=True,
            capture_output=True,
            env=environment,
        )
        (wheel,) = (folder / "out").glob("*.whl")
        hashes.append(hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert hashes[0] == hashes[1]
