"""`zsl classes list`, `show` and `attributes`: what a head or a table knows of its classes."""

from __future__ import annotations

import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zsl_images.defaults import DEFAULT_HEAD
from zsl_images.names import json_of, spelling_of

from .console import echo
from .option_groups import refuse
from .options import HeadName, ReportFormat, ReportFormatOption, table_argument

if TYPE_CHECKING:
    from zsl_images.classes.class_table import ClassTable

_WIDTH = 80
"""Columns of a line."""

_STRONG, _WEAK = 12, 5
"""Attributes of a class that are shown: the strongest, and those furthest below the mean."""

TableArgument = Annotated[
    Path | None, table_argument(help="Class table (CSV, TSV, Excel or shipped). Default: the head's.")
]


def list_classes(
    table: TableArgument = None,
    head: HeadName = DEFAULT_HEAD,
    format: ReportFormatOption = ReportFormat.TABLE,
) -> None:
    """List the classes of a head or of a table, and how each is known."""
    from zsl_images.classes.profiles import known_by, traits

    classes, _ = read_classes(table, head)
    rows = [
        {
            "class": name,
            "known_by": known,
            "strongest": [t.attribute for t in traits(classes, name)[:8]],
        }
        for name, known in zip(classes.names, known_by(classes), strict=True)
    ]
    if format is ReportFormat.JSON:
        typer.echo(json_of(rows, indent=2))
        return
    width = min(30, max(len(str(row["class"])) for row in rows))
    echo(f"{'class':<{width}}  {'known by':<12}  strongest attributes")
    for row in rows:
        start = f"{row['class']:<{width}}  {row['known_by']:<12}  "
        echo(start + _fitting(row["strongest"], _WIDTH - len(start)))
    if table is None:
        from zsl_images.head.head_file import load_head

        if not load_head(head).calibration.uses_photos:
            echo("calibrated without photos: probabilities are less reliable")


def show(
    name: Annotated[str, typer.Argument(help="Name of a class.")],
    table: TableArgument = None,
    head: HeadName = DEFAULT_HEAD,
    format: ReportFormatOption = ReportFormat.TABLE,
) -> None:
    """Show a class: how it is known, and its strongest attributes.

    They are those furthest from the mean of all classes of the head or table,
    in standard deviations.
    """
    from zsl_images.classes.glossary import glossary_of
    from zsl_images.classes.profiles import known_by, traits

    classes, place = read_classes(table, head)
    name = spelling_of(name, classes.names, "the class table")
    known = known_by(classes)[classes.names.index(name)]
    found = traits(classes, name)
    if format is ReportFormat.JSON:
        row = {"class": name, "known_by": known, "attributes": [trait._asdict() for trait in found]}
        typer.echo(json_of(row, indent=2))
        return
    echo(f"{name}, known by {known}")
    glossary = glossary_of(classes, place)
    width = min(20, max((len(trait.attribute) for trait in found), default=0))
    if found:
        echo(f"{'attribute':<{width}}{'value':>9}{'mean':>9}  meaning")
    weak = found[max(_STRONG, len(found) - _WEAK) :]
    for part in (found[:_STRONG], weak):
        for trait in part:
            start = f"{trait.attribute:<{width}}{trait.value:>9.4g}{trait.mean:>9.4g}  "
            meaning = glossary[trait.attribute].meaning
            echo((start + textwrap.shorten(meaning, _WIDTH - len(start), placeholder="…")).rstrip())
        if part is not weak and weak:
            echo("...")


def attributes(
    table: Annotated[
        Path, table_argument(help="Class table (CSV, TSV, Excel), or the name of a shipped one.")
    ] = Path(DEFAULT_HEAD),
    format: ReportFormatOption = ReportFormat.TABLE,
) -> None:
    """Print the glossary of a table: what each attribute means, and its scale.

    It is read from NAME-attributes.csv beside the table NAME.csv, with columns
    attribute,meaning and, if you like, scale,high,low. What it does not say is
    taken from the table's values.
    """
    from zsl_images.classes.class_table import ClassTable
    from zsl_images.classes.glossary import glossary_of

    entries = glossary_of(ClassTable.read(table), table).values()
    if format is ReportFormat.JSON:
        typer.echo(json_of([asdict(entry) for entry in entries], indent=2))
        return
    for entry in entries:
        meaning = f": {entry.meaning}" if entry.meaning else ""
        for text, indent in (
            (f"{entry.attribute} ({entry.scale}){meaning}", ""),
            (f"high: {entry.high}; low: {entry.low}", "  "),
        ):
            for line in textwrap.wrap(text, _WIDTH, initial_indent=indent, subsequent_indent="    "):
                echo(line)


def read_classes(table: Path | None, head: str) -> tuple[ClassTable, Path]:
    """The classes of a table or of a head, and the file they come from."""
    if table is not None:
        refuse("with a table", head=head != DEFAULT_HEAD)
        from zsl_images.classes.class_table import ClassTable

        return ClassTable.read(table), table
    from zsl_images.head.head_file import load_head
    from zsl_images.head.shipped_heads import head_path

    return load_head(head).table, head_path(head)


def _fitting(names: object, width: int) -> str:
    """As many names as fit, with commas between them."""
    text = ""
    for name in names if isinstance(names, list) else []:
        longer = f"{text}, {name}" if text else name
        if len(longer) > width:
            break
        text = longer
    return text
