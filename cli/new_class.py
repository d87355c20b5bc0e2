"""`zsl classes new`: write the table row of a new class."""

from __future__ import annotations

import math
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zsl_images.defaults import DEFAULT_HEAD
from zsl_images.errors import ClassTableError
from zsl_images.names import spelling_of

from .class_lists import read_classes
from .console import echo
from .option_groups import refuse
from .options import STDOUT, HeadName, table_option

if TYPE_CHECKING:
    from zsl_images.classes.class_rows import ClassRow
    from zsl_images.classes.class_table import ClassTable
    from zsl_images.classes.glossary import GlossaryEntry

_QUESTIONS = 12
"""Attributes that are asked for."""


def new(
    name: Annotated[str, typer.Argument(help="Name of the new class.")],
    like: Annotated[str, typer.Option(help="Class whose attributes are copied.")],
    set: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="ATTRIBUTE=VALUE", help="Attribute with another value; repeatable."
        ),
    ] = None,
    interactive: Annotated[
        bool,
        typer.Option(
            "--interactive",
            "-i",
            help=f"Ask for the {_QUESTIONS} attributes that separate the class most from those most "
            "like it. An empty answer keeps the value. Answers may come from a pipe, one per line.",
        ),
    ] = False,
    table: Annotated[
        Path | None,
        table_option("--table", "-t", help="Class table with that class. Default: the head's."),
    ] = None,
    head: HeadName = DEFAULT_HEAD,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="Class table to add the row to; created if it is missing. - for stdout."
        ),
    ] = None,
) -> None:
    """Write the table row of a new class that resembles another one.

    Without --out, the row is printed as CSV with its header.
    """
    if table:
        refuse("with --table", head=head != DEFAULT_HEAD)
    from zsl_images.classes.class_rows import ClassRow

    changes = dict(map(_change, set or ()))
    source, place = (table, table) if table else read_classes(None, head)
    row = ClassRow.like(name, like, changes, source)
    if interactive:
        from zsl_images.classes.class_table import ClassTable

        answers = _answers(row, like, ClassTable.of(source), place, list(changes))
        changes |= answers
        row = row.changed(answers)
    if out and out != STDOUT:
        row.append_to(out)
        echo(f"{out}: {name}, {len(changes)} of {len(row.cells)} attributes other than {like}'s")
    else:
        typer.echo(row.to_csv(), nl=False)


def _answers(
    row: ClassRow, like: str, classes: ClassTable, place: Path, known: list[str]
) -> dict[str, float]:
    """Ask for attributes on stderr, except those that are known; only those that change."""
    from zsl_images.classes.glossary import glossary_of
    from zsl_images.classes.profiles import telling_attributes

    glossary = glossary_of(classes, place)
    asked = telling_attributes(
        classes, spelling_of(like, classes.names, "the class table"), _QUESTIONS + len(known)
    )
    answers: dict[str, float] = {}
    for attribute in [attribute for attribute in asked if attribute not in known][:_QUESTIONS]:
        value = _answer(glossary[attribute], row.cells[attribute], classes)
        if value is None:
            break
        if value:
            answers[attribute] = float(value)
    return answers


def _answer(entry: GlossaryEntry, default: str, classes: ClassTable) -> str | None:
    """The answer for one attribute, empty to keep the value; None at the end of the answers."""
    meaning = f": {entry.meaning}" if entry.meaning else ""
    about = f"{entry.attribute} ({entry.scale}){meaning}. High: {entry.high}; low: {entry.low}"
    for line in textwrap.wrap(about, 80, subsequent_indent="  "):
        echo(line, err=True)
    while True:
        typer.echo(f"  {entry.attribute} [{default}]: ", nl=False, err=True)
        line = sys.stdin.readline()
        if not line:
            typer.echo("", err=True)
            return None
        try:
            return _checked(entry.attribute, line.strip(), classes)
        except ClassTableError as error:
            if not sys.stdin.isatty():  # the next line answers another question
                raise
            echo(f"  {error}", err=True)


def _checked(attribute: str, text: str, classes: ClassTable) -> str:
    from zsl_images.classes.class_rows import check_range

    if text:
        try:
            value = float(text)
        except ValueError:
            raise ClassTableError(f"{text!r} for {attribute}, expected a number") from None
        check_range(attribute, value, classes.ratings)
    return text


def _change(text: str) -> tuple[str, float]:
    attribute, equals, value = text.rpartition("=")
    try:
        number = float(value) if equals else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise typer.BadParameter(f"{text!r}, expected such as stripes=90", param_hint="--set")
    return attribute.strip(), number
