"""Help pages: how options are shown, and the panels in which commands are listed."""

from __future__ import annotations

from typing import Any

from typer.core import TyperCommand, TyperGroup

PANELS = LABEL, CLASSES, TRAIN, TOOLS = "Label photos", "Classes", "Train and measure", "Tools"
"""Panels of commands, in the order in which they are shown."""


def _without_types_of_flags(parameters: list[Any]) -> list[Any]:
    """The parameters, with nothing beside the name of an option that takes no value."""
    for parameter in parameters:
        if getattr(parameter, "is_flag", False):
            parameter.metavar = ""
    return parameters


class HelpfulCommand(TyperCommand):
    """A command whose help shows its options without a type beside flags."""

    def get_params(self, ctx: Any) -> list[Any]:
        """All parameters, as they are shown."""
        return _without_types_of_flags(super().get_params(ctx))


class HelpfulGroup(TyperGroup):
    """A group whose help shows its options in the same way, and its commands panel by panel."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the commands, in the order of `PANELS`; typer puts groups last."""

        def place(name: str) -> int:
            panel = getattr(self.commands[name], "rich_help_panel", None)
            return PANELS.index(panel) if panel in PANELS else len(PANELS)

        return sorted(super().list_commands(ctx), key=place)

    def get_params(self, ctx: Any) -> list[Any]:
        """All parameters, as they are shown."""
        return _without_types_of_flags(super().get_params(ctx))


def example_of(words: str) -> str:
    """The last line of a help page: how the command is used, such as `zsl heads`."""
    return f"Example: zsl {words}".replace("[", r"\[")
