"""The Dockerfile names extras, files and commands that exist, and runs as nobody special."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest
from commands import run

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.web.examples import PHOTOS
from zsl_images.web.server import Server

ROOT = Path(__file__).parent.parent.parent
TEXT = (ROOT / ".github" / "Dockerfile").read_text("utf-8")
LINES = [
    line.split(" ", 1)
    for line in re.sub(r"\\\n\s*", "", TEXT).splitlines()
    if line and not line.startswith("#")
]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_it_installs_what_the_project_offers() -> None:
    (extras,) = re.findall(r'"/source\[(.*?)\]"', TEXT)
    assert set(extras.split(",")) <= set(PROJECT["project"]["optional-dependencies"])
    (version,) = re.findall(r"FROM python:(\S+)-slim", TEXT)
    assert tuple(map(int, version.split("."))) >= (3, 11)
    assert f"/python{version}/site-packages/" in TEXT


def test_everything_that_the_package_is_built_from_is_copied() -> None:
    ignored = (ROOT / ".github" / "Dockerfile.dockerignore").read_text("utf-8").split()
    kept = {line[1:] for line in ignored if line.startswith("!")}
    assert kept >= {"zsl_images", "cli", "weights", "pyproject.toml", PROJECT["project"]["readme"]}
    assert all((ROOT / name).exists() for name in kept)


def test_its_command_and_its_warm_up_run_as_a_user() -> None:
    names = [name for name, _ in LINES]
    assert names.index("USER") < names.index("CMD")
    assert dict(LINES)["USER"] != "root"
    warm_up = LINES[names.index("ENV") + 1][1]
    assert warm_up.startswith("zsl classify /")
    assert warm_up.endswith("/".join(PHOTOS["flower.jpg"]))


def test_its_command_serves_the_api_with_a_token(
    trained: ZeroShotClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ZeroShotClassifier, "load", lambda *_, **__: trained)
    monkeypatch.setattr(Server, "run", Server.close)
    program, *arguments = json.loads(dict(LINES)["CMD"])
    arguments[-1] = "0"  # the port may be taken here
    assert program in PROJECT["project"]["scripts"]
    result = run(*arguments)
    assert result.exit_code == 0, result.stderr
    assert re.search(r"open http://0\.0\.0\.0:\d+/docs#token=\S{20}", result.stdout)
