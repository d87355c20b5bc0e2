"""How a function becomes a command: option groups are unfolded, old names of options still work.

A group is a frozen dataclass whose fields are annotated as typer options. A command that takes one,
such as `label(photos, out, candidates: Candidates)`, has the group's fields as its options and is
called with the group's value. `Annotated[Candidates, Only("head", "device")]` offers these fields
alone; the others keep their defaults. `AllBut` names those that are not offered. A group of the
library has a `help` in the metadata of its fields instead; each is a path, or a flag if its default
is False.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer

from zsl_images.files import at_home

from .console import usage_errors
from .help import HelpfulCommand, example_of
from .streams import unread

Command = Callable[..., None]

OLD_NAMES = {"head": "weights", "cache": "features"}
"""Options and what they were called before; the old names work but are not shown."""


class Only:
    """The fields of a group that a command offers, for the others would have no effect there."""

    def __init__(self, *names: str) -> None:
        self.names = names

    def among(self, names: Iterable[str]) -> list[str]:
        """Those that are offered among all fields of the group."""
        return list(self.names)


class AllBut(Only):
    """The fields of a group that a command does not offer; a new field is offered by itself."""

    def among(self, names: Iterable[str]) -> list[str]:
        """Those that are offered among all fields of the group."""
        return [name for name in names if name not in self.names]


def register(
    app: typer.Typer,
    command: Command,
    name: str | None = None,
    *,
    example: str | None = None,
    panel: str | None = None,
    hidden: bool = False,
) -> None:
    """Make a function a command of `app`.

    Args:
        app: Group of commands.
        command: The function.
        name: Its name as a command. Default: that of the function.
        example: How it is used, without `zsl`.
        panel: Panel of the help in which it is listed.
        hidden: Whether it is left out there.
    """
    command = unfolded(command)
    options = inspect.signature(command).parameters
    renamed = {old: new for new, old in OLD_NAMES.items() if new in options and old not in options}
    settings = {"token_normalize_func": lambda given: renamed.get(given, given)}
    app.command(
        name,
        cls=HelpfulCommand,
        epilog=example_of(example) if example else None,
        rich_help_panel=panel,
        hidden=hidden,
        context_settings=settings,
    )(command)


def unfolded(command: Command) -> Command:
    """The command with the fields of its option groups in place of the groups."""
    hints = get_type_hints(command, include_extras=True)
    parameters: list[inspect.Parameter] = []
    groups: dict[str, tuple[type, list[str]]] = {}
    for parameter in inspect.signature(command).parameters.values():
        hint = hints[parameter.name]
        group, *extras = get_args(hint) if get_origin(hint) is Annotated else [hint]
        if is_dataclass(group) and isinstance(group, type):
            options = _options(group, *(only for only in extras if isinstance(only, Only)))
            groups[parameter.name] = group, [option.name for option in options]
            parameters += options
        else:
            parameters.append(parameter.replace(annotation=hint, kind=parameter.KEYWORD_ONLY))

    def run(**given: Any) -> None:
        given = {name: _at_home(value) for name, value in given.items()}
        with usage_errors():
            values = {
                name: group(**{option: given.pop(option) for option in options})
                for name, (group, options) in groups.items()
            }
        has_file = str(given.get("out", "-")) != "-"  # else what it prints is its result
        with unread("stdout") if has_file else nullcontext():
            command(**given, **values)

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return run


def _at_home(value: Any) -> Any:
    """A path with the home folder in place of a leading `~`, which shells leave in `--out=~/x`."""
    if isinstance(value, list):
        return [_at_home(one) for one in value]
    if isinstance(value, str) and value.startswith("~/"):  # as photos and heads are given
        return str(at_home(value))
    return at_home(value) if isinstance(value, Path) else value


def _options(group: type[Any], only: Only | None = None) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    for field in fields(group):
        if "help" in field.metadata:  # a group of the library's, which knows no typer
            kind = bool if field.default is False else Path | None
            flag = (f"--{field.name.replace('_', '-')}",) * (kind is bool)
            hints[field.name] = Annotated[kind, typer.Option(*flag, help=field.metadata["help"])]
    defaults = {field.name: field.default for field in fields(group)}
    names = only.among(defaults) if only else defaults
    return [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=hints[name]
        )
        for name in names
    ]


def changed(group: Any, but: tuple[str, ...] = ()) -> dict[str, bool]:
    """Which options of a group, except those in `but`, have another value than their default."""
    return {
        field.name: getattr(group, field.name) != field.default
        for field in fields(group)
        if field.name not in but
    }


def refuse(reason: str, **options: bool) -> None:
    """Refuse options that would have no effect.

    Args:
        reason: Why they have none, such as "without --learn".
        **options: Parameters, and whether each was given.

    Raises:
        typer.BadParameter: At least one was given.
    """
    given = [f"--{name.replace('_', '-')}" for name, is_given in options.items() if is_given]
    if given:
        verb, them = ("has", "it") if len(given) == 1 else ("have", "them")
        raise typer.BadParameter(f"{', '.join(given)} {verb} no effect {reason}; leave {them} out")
