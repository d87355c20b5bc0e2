"""Help is rendered and read, command by command, as a user with a terminal of 80 columns sees it."""

from __future__ import annotations

import inspect
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from zsl_images.cli import app

ROOT = Path(__file__).parent.parent.parent
EXTRAS = set(
    tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
)


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command and group, with the words that call it."""
    yield path, command
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))


COMMANDS = dict(commands(typer.main.get_command(app)))


def rendered(path: tuple[str, ...], width: int = 80) -> str:
    result = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": str(width)})
    assert result.exit_code == 0, result.output
    return result.stdout


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_has_a_help_text_in_plain_english(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    for text in [command.help, *(parameter.help for parameter in command.params)]:
        assert text
        assert not text.startswith(("Of ", "Say "))
        assert text[0].isupper() or text.startswith("PHOTO")


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_extras_show_with_their_brackets(path: tuple[str, ...]) -> None:
    shown = rendered(path)
    for text in [COMMANDS[path].help, *(parameter.help for parameter in COMMANDS[path].params)]:
        for extra in re.findall(r"zsl-images\\?\[(\w+)\\?\]", text):
            assert extra in EXTRAS
            assert f'"zsl-images[{extra}]"' in shown


def test_help_names_every_extra_for_users() -> None:
    shown = "".join(map(rendered, COMMANDS))
    assert set(re.findall(r'"zsl-images\[(\w+)\]"', shown)) == EXTRAS - {"dev"}


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_line_of_a_description_is_wrapped_a_second_time(path: tuple[str, ...]) -> None:
    shown = [line.strip() for line in rendered(path).splitlines()]
    _, *paragraphs = inspect.cleandoc(COMMANDS[path].help).split("\n\n")
    for line in "\n".join(paragraphs).splitlines():
        assert line in shown


def test_old_names_are_not_shown() -> None:
    shown = {path: rendered(path) for path, command in COMMANDS.items() if not command.hidden}
    assert not any(re.search(r"add-classes|--weights\b", text) for text in shown.values())
    assert [path for path, text in shown.items() if "│    --features " in text] == [("label",)]


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_page_fits_its_width_and_shows_no_type_of_flags(
    path: tuple[str, ...], width: int
) -> None:
    shown = rendered(path, width)
    assert max(map(len, shown.splitlines())) <= width
    assert not re.search(r"<bool", shown)
    for text in [COMMANDS[path].help, *(parameter.help for parameter in COMMANDS[path].params)]:
        for word in re.findall(r"\\\[(\w+)\]", text):
            assert f"[{word}]" in shown


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_page_ends_with_an_example_that_the_command_line_takes(path: tuple[str, ...]) -> None:
    *_, last = (line.strip() for line in rendered(path).splitlines() if line.strip())
    _, zsl, *words = shlex.split(last)
    assert last.startswith("Example: zsl ")
    assert zsl == "zsl"
    assert tuple(words[: len(path)]) == path
    command, context = COMMANDS[()], None
    while hasattr(command, "commands"):
        name = words.pop(0)
        command = command.commands[name]
    command.make_context(name, words, context, resilient_parsing=False)


def test_commands_are_listed_in_panels() -> None:
    for path, panels in (
        ((), ["Label photos", "Classes", "Train and measure", "Tools"]),
        (("classes",), ["Look at classes", "Tables", "Classes of a head"]),
    ):
        shown = re.findall(r"^╭─ (.*?) ─+╮$", rendered(path), re.MULTILINE)
        assert shown == ["Options", *panels]


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_page_can_be_shown_on_an_old_console(path: tuple[str, ...]) -> None:
    result = CliRunner(charset="cp1252").invoke(app, [*path, "--help"])
    assert result.exit_code == 0, result.exception
    assert "Example: zsl " in result.stdout_bytes.decode("cp1252")
