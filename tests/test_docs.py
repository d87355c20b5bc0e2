"""The documents: README's sessions run, its tables match the code, and all prose is plain English."""

from __future__ import annotations

import ast
import contextlib
import doctest
import importlib
import inspect
import io
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typer
from drawing import COLOURS, UNSEEN, draw
from typer.core import TyperGroup
from typer.testing import CliRunner
from wording import load_colour_words

import zsl_images
from zsl_images.classes.class_table import ClassTable
from zsl_images.cli import app, console
from zsl_images.head.head_file import load_head
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.results import Candidate, Explanation, LevelLabel, Prediction
from zsl_images.web.server import Server

ROOT = Path(__file__).parent.parent
DOCUMENTS = {
    name: (ROOT / name).read_text("utf-8")
    for name in (
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        ".github/SECURITY.md",
        "weights/awa2.md",
    )
}
README, CARD = DOCUMENTS["README.md"], DOCUMENTS["weights/awa2.md"]
MOST_LINES = 250
UNIDIOMATIC = re.compile(
    r"\b(?:foretell\w*|foretold|lack(?:s|ed|ing)?|parted|told of)\b"
    r"|\b(?:one(?: \w+){1,3}|an? \w+|\d+(?: \w+)?)(?<! of)(?<! for)(?<! from)(?<! in)(?<! to)"
    r" a (?:label|class|photo|row|folder|fold|seed)\b"
    r"|\bwhere (?:there|asked|needed|possible|none|nothing|no)\b"
    r"|\bstands? (?:there|beside|before|behind|already)\b"
    r"|^ *\w+: of\b|\Aof\b",
    re.IGNORECASE | re.MULTILINE,
)
"""Words that nobody says, `a` for "per", `where` for "if", and texts that begin with "of"."""


def blocks(name: str) -> list[str]:
    """The code blocks below a mark such as <!-- shell -->."""
    found = re.findall(rf"<!-- {name} -->\n```\w+\n(.*?)```", README, re.DOTALL)
    assert found, f"README has no block {name!r}"
    return found


def table(*header: str) -> list[list[str]]:
    """The rows of the README table with this header, without its marks."""
    lines = iter(README.splitlines())
    assert f"| {' | '.join(header)} |" in lines, f"README has no table {header}"
    next(lines)
    rows = []
    for line in lines:
        if not line.startswith("|"):
            return rows
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def commands_of(command: Any, name: str = "zsl") -> list[str]:
    """The full names of a command's visible commands, to the last sub-command."""
    if not isinstance(command, TyperGroup):
        return [] if command.hidden else [name]
    return [full for key, sub in command.commands.items() for full in commands_of(sub, f"{name} {key}")]


COMMANDS = [
    line.removeprefix("$ ") for session in blocks("shell") for line in session.splitlines() if line
]


@pytest.fixture
def folder(
    tmp_path: Path, colour_photos: Path, colour_table: ClassTable, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A folder with everything that the Python session speaks of."""
    monkeypatch.chdir(tmp_path)
    draw("red", 0, (200, 160)).save("photo.jpg")
    Path("broken.jpg").write_text("broken")
    shutil.copytree(colour_photos, "photos")
    colour_table.write("classes.csv")
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
    return tmp_path


ANIMALS = ("zebra", "lion", "horse", "tiger", "dolphin", "elephant")


def bring_animals() -> None:
    """What a user brings: photos of animals, of a new one, and descriptions."""
    draw("red", 0, (200, 160)).save("photo.jpg")
    for animal, colour in zip(ANIMALS, COLOURS, strict=False):
        Path("photos", animal).mkdir(parents=True)
        for seed in range(10):
            draw(colour, seed).save(f"photos/{animal}/{seed}.jpg")
    Path("few/okapi").mkdir(parents=True)
    draw("magenta", 50).save("few/okapi/1.jpg")
    Path("unsorted").mkdir()
    for colour in ("grey", "orange"):
        for seed in range(20):
            draw(colour, seed).save(f"unsorted/{colour}-{seed}.jpg")
    rng = np.random.default_rng(0)
    lines = [f"{name},{' '.join(map(str, rng.integers(1, 99, 3)))}" for name in load_head().table.names]
    Path("words.csv").write_text("\n".join(["class,description", *lines]))


def test_the_shell_session_runs_in_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("zsl_images.classes.descriptions.load_text_encoder", load_colour_words)
    monkeypatch.setattr("zsl_images.web.server.Server.run", Server.close)  # stops as soon as it runs
    assert COMMANDS[0] == "zsl classify photo.jpg --attributes awa2.csv"
    bring_animals()
    brought = sorted(path.name for path in tmp_path.iterdir())
    assert brought == ["few", "photo.jpg", "photos", "unsorted", "words.csv"]
    assert all(f"`{name}" in README for name in brought)
    for command in COMMANDS:
        before, _, command = command.rpartition("| ")
        command, _, out = command.partition(" > ")
        stdin = subprocess.run(before, shell=True, capture_output=True, check=True).stdout
        result = CliRunner().invoke(app, shlex.split(command)[1:], input=stdin)
        assert result.exit_code == 0, f"{command}: {result.output} {result.exception}"
        assert result.stdout
        if out:
            Path(out.strip()).write_text(result.stdout)
    assert (
        Path("labels.csv").read_text().startswith("path,label,probability,is_seen,known_by,top1_label")
    )


@pytest.mark.filterwarnings("ignore:.*missing cells?")
def test_the_python_session_runs(folder: Path) -> None:
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        (session,) = blocks("python")
        exec(compile(session, "README.md", "exec"), {})
    lines = out.getvalue().splitlines()
    assert len(lines) == 8
    assert "broken.jpg: not an image" in lines[5]
    assert Path("head.safetensors").is_file()


def test_every_command_is_in_the_readme() -> None:
    names = commands_of(typer.main.get_command(app))
    assert "zsl classes promote" in names
    for name in names:
        assert any(f"{name} " in line for line in COMMANDS), f"README does not show {name}"


def test_the_fields_are_those_of_label_files_and_of_json() -> None:
    fields = {"file": [], "JSON": []}
    for names, place, _ in table("field", "where", "meaning"):
        for name in re.findall(r"`(\w+)`", names):
            for one in ("file", "JSON") if place == "both" else (place,):
                fields[one].append(name)
    level = LevelLabel("order", "Carnivora", 1.0)
    whole = Prediction(
        "photo.jpg",
        (Candidate("cat", 1.0, True, "photos"),),
        levels=(level,),
        answer=level,
        label_set=("cat",),
        explanation=Explanation("cat", None, (), ()),
    )
    assert fields["file"] == SCHEMA.names
    assert sorted(fields["JSON"]) == sorted(whole.to_dict())


def test_the_exit_codes_are_those_of_the_command_line() -> None:
    codes = {value for name, value in vars(console).items() if name.isupper() and type(value) is int}
    wrong_usage = CliRunner().invoke(app, ["--nonsense"]).exit_code
    sentence = README.partition("Exit codes: ")[2].partition("\n\n")[0]
    listed = [int(code) for code in re.findall(r"(?:^|; )(\d+) ", sentence)]
    assert listed == sorted({0, wrong_usage} | codes)


def test_readme_is_short() -> None:
    assert len(README.splitlines()) <= MOST_LINES


def test_the_figures_are_those_of_the_card() -> None:
    recipes = ("mmvae", "sgal", "best")
    rows = table("set", *(f"`{recipe}`: T / H / AUSUC" for recipe in recipes))
    assert rows
    card = [[cell.strip(" *") for cell in line.split("|")[1:-1]] for line in CARD.splitlines()]
    for of_set, *figures in rows:
        for recipe, figure in zip(recipes, figures, strict=True):
            (row,) = (row for row in card if row[:2] == [of_set, f"`{recipe}`"])
            assert figure.strip("*").split(" / ") == [row[2], row[5], row[7]]


def texts_in(path: Path) -> Iterator[str]:
    """The text of a document; for a module all its docstrings, help texts and messages."""
    text = path.read_text("utf-8")
    if path.suffix != ".py":
        yield text
        return
    pending: list[ast.AST] = [ast.parse(text)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) for part in node.values if isinstance(part, ast.Constant))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield inspect.cleandoc(node.value)
        else:
            pending += ast.iter_child_nodes(node)


PROSE = [
    *(ROOT / name for name in DOCUMENTS),
    *sorted((ROOT / "zsl_images").rglob("*.py")),
    *sorted((ROOT / "cli").glob("*.py")),
]


@pytest.mark.parametrize("path", PROSE, ids=lambda path: str(path.relative_to(ROOT)))
def test_prose_is_plain_english(path: Path) -> None:
    for text in texts_in(path):
        assert not UNIDIOMATIC.search(text), text


@pytest.mark.parametrize(
    "text",
    [
        "sort into a folder a label",
        "one vector a class",
        "40 kB a photo",
        "None where there is none",
        "the table lacks a column",
        "Args:\n    seed: of all that is random",
        "Of what is generated.",
    ],
)
def test_the_guard_hears(text: str) -> None:
    assert UNIDIOMATIC.search(text)


@pytest.mark.parametrize(
    "text", ["one row per photo", "one attribute of a class", "where latents lie", "part of a class"]
)
def test_the_guard_lets_plain_english_pass(text: str) -> None:
    assert not UNIDIOMATIC.search(text)


@pytest.mark.parametrize(
    "path", sorted((ROOT / "zsl_images").rglob("*.py")), ids=lambda path: path.name
)
def test_examples_in_docstrings_run(path: Path) -> None:
    if ">>> " in path.read_text("utf-8"):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        found = doctest.testmod(importlib.import_module(name))
        assert found.attempted
        assert not found.failed


def test_every_public_name_says_what_it_is() -> None:
    for name in zsl_images.__all__:
        public = getattr(zsl_images, name)
        if inspect.isclass(public) or inspect.isroutine(public):
            assert inspect.getdoc(public), name
        if inspect.isclass(public) and public.__module__.startswith("zsl_images"):
            for method, value in vars(public).items():
                if not method.startswith("_") and (inspect.isroutine(value) or type(value) is property):
                    assert inspect.getdoc(getattr(public, method)), f"{name}.{method}"


def test_files_named_in_contributing_are_there() -> None:
    named = re.findall(r"`([\w./]+\.(?:py|toml))`", DOCUMENTS["CONTRIBUTING.md"])
    assert named
    for path in named:
        assert (ROOT / path).is_file(), path


def test_contributing_draws_every_room() -> None:
    rooms = [path.parent.name for path in (ROOT / "zsl_images").glob("*/__init__.py")]
    for room in [*rooms, "cli", "weights"]:
        assert re.search(rf"^ +{room}/ ", DOCUMENTS["CONTRIBUTING.md"], re.MULTILINE), room


def test_the_commands_for_newcomers_are_one_line_each() -> None:
    for name in ("main", "tests"):
        (command,) = blocks(name)
        assert len(command.splitlines()) == 1


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_within_the_project_lead_somewhere(name: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", DOCUMENTS[name]):
        assert ((ROOT / name).parent / target).exists(), target
