from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from zsl_images.cli.option_groups import AllBut, Only, changed, refuse, register


@dataclass(frozen=True)
class Colours:
    head: Annotated[str, typer.Option("--head", "-w", help="A colour.")] = "red"
    foot: Annotated[int, typer.Option(min=0, help="A number.")] = 3


SEEN: list[object] = []


def both(name: str, colours: Colours, cache: str = "none") -> None:
    SEEN.append((name, colours, cache))


def one(colours: Annotated[Colours, Only("foot")]) -> None:
    SEEN.append(colours)


def rest(colours: Annotated[Colours, AllBut("foot")]) -> None:
    SEEN.append(colours)


def own(head: str = "", weights: str = "") -> None:
    SEEN.append((head, weights))


def run(*arguments: str) -> tuple[int, object]:
    app = typer.Typer()
    for command in (both, one, rest, own):
        register(app, command)
    SEEN.clear()
    code = CliRunner().invoke(app, arguments).exit_code
    return code, SEEN[0] if SEEN else None


def test_a_group_becomes_options_and_arrives_as_one_value() -> None:
    assert run("both", "x") == (0, ("x", Colours(), "none"))
    assert run("both", "x", "-w", "blue", "--foot", "7") == (0, ("x", Colours("blue", 7), "none"))
    assert run("both", "x", "--foot", "-1") == (2, None)


def test_only_the_named_fields_are_options() -> None:
    assert run("one", "--foot", "7") == (0, Colours(foot=7))
    assert run("one", "--head", "blue") == (2, None)


def test_all_but_the_named_fields_are_options() -> None:
    assert run("rest", "--head", "blue") == (0, Colours("blue"))
    assert run("rest", "--foot", "7") == (2, None)


def test_old_names_of_options_still_work() -> None:
    for arguments in (("--weights", "blue", "--features", "f"), ("--weights=blue", "--features=f")):
        assert run("both", "x", *arguments) == (0, ("x", Colours("blue"), "f"))


def test_an_option_of_its_own_is_not_renamed() -> None:
    assert run("own", "--head", "a", "--weights", "b") == (0, ("a", "b"))


def test_options_without_effect_are_refused_by_name() -> None:
    assert changed(Colours("blue")) == {"head": True, "foot": False}
    assert changed(Colours("blue"), but=("head",)) == {"foot": False}
    refuse("here", left_foot=False)
    with pytest.raises(typer.BadParameter, match="--left-foot has no effect here; leave it out"):
        refuse("here", left_foot=True, head=False)
    with pytest.raises(typer.BadParameter, match="--left-foot, --head have no effect here"):
        refuse("here", left_foot=True, head=True)
