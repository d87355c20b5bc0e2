"""README is run: its shell session, its Python session, and nothing in it is left out or made up."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import scipy.io
import typer.main
from drawing import UNSEEN, draw
from splits import xlsa17_arrays
from typer.testing import CliRunner
from wording import WORDS, load_colour_words

from zsl_images.classes.class_table import ClassTable
from zsl_images.cli import app
from zsl_images.results import Failure

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def block(name: str) -> str:
    """The code block below a mark such as <!-- shell -->."""
    found = re.search(rf"<!-- {name} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, f"README lacks its block {name!r}"
    return found[1]


COMMANDS = [line.removeprefix("$ ") for line in block("shell").splitlines() if line.startswith("$ ")]


@pytest.fixture
def folder(
    tmp_path: Path, colour_photos: Path, colour_table: ClassTable, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with everything that README speaks of."""
    monkeypatch.chdir(tmp_path)
    draw("red", 0, (200, 160)).save("photo.jpg")
    Path("broken.jpg").write_text("broken")
    shutil.copytree(colour_photos, "photos")
    colour_table.write("classes.csv")
    Path("words.csv").write_text(WORDS)
    monkeypatch.setattr("zsl_images.classes.descriptions.load_text_encoder", load_colour_words)
    for name in ("awa2.csv", "awa2-groups.csv"):
        shutil.copy(ROOT / "weights" / name, name)
    colours = replace(colour_table.select(["magenta", "grey"]), names=("violet", "silver"))
    colours.write("new.csv")
    Path("few/purple").mkdir(parents=True)
    draw("magenta", 50).save("few/purple/1.png")
    shutil.copytree(colour_photos, "unsorted")
    for name in UNSEEN:
        for seed in range(10):
            draw(name, seed).save(f"unsorted/{name}-{seed}.png")
    Path("AWA2").mkdir()
    for file, content in xlsa17_arrays().items():
        scipy.io.savemat(f"AWA2/{file}", content)
    return tmp_path


@pytest.mark.filterwarnings("ignore:.*missing cells")
def test_the_shell_session_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "zsl_images.evaluation.benchmarks.PAPER_STEPS", {}
    )  # 64,000 steps take too long here
    for command in COMMANDS:
        before, _, command = command.rpartition("| ")
        command, _, out = command.partition(" > ")
        stdin = subprocess.run(before, shell=True, capture_output=True, check=True).stdout
        result = CliRunner().invoke(app, shlex.split(command)[1:], input=stdin)
        assert result.exit_code == 0, f"{command}: {result.output} {result.exception}"
        assert result.stdout
        if out:
            Path(out.strip()).write_text(result.stdout)
    assert Path("labels.csv").read_text().startswith("path,label,probability,is_seen,top1_label")


@pytest.mark.filterwarnings("ignore:.*missing cells")
def test_the_python_session_runs(folder: Path) -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(block("python"), "README.md", "exec"), {})
    lines = out.getvalue().splitlines()
    assert len(lines) == 9
    assert "broken.jpg: not an image" in lines[6]
    assert Path("head.safetensors").is_file()


def _commands(group: Any, above: str = "") -> Iterator[str]:
    """Every command that help shows, with the groups that it is in."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{above}{name} ")
        elif not command.hidden:
            yield above + name


def test_every_command_is_in_the_readme() -> None:
    assert {"classify", "classes add"} <= set(_commands(typer.main.get_command(app)))
    for command in _commands(typer.main.get_command(app)):
        assert any(f"zsl {command} " in line for line in COMMANDS), f"README lacks zsl {command}"


def test_the_output_fields_are_those_of_the_table() -> None:
    fields = re.findall(r"^\| `(\w+)` \|", README.split("## Output fields")[1], re.MULTILINE)
    assert fields[:7] == list(Failure("x", "y").to_dict())


def test_the_commands_for_newcomers_are_one_line_each() -> None:
    for name in ("main", "tests"):
        assert len(block(name).splitlines()) == 1


def test_links_within_the_project_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target
