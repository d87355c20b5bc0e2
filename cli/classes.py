"""`zsl classes`: check class tables, and edit the classes of a head."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zsl_images.defaults import DEFAULT_HEAD
from zsl_images.errors import counted
from zsl_images.names import json_of

from .add_classes import add
from .class_lists import attributes, list_classes, show
from .console import FAILED, echo, progress
from .help import HelpfulGroup, example_of
from .new_class import new
from .option_groups import refuse, register
from .options import (
    STDOUT,
    HeadName,
    HeadOut,
    ReportFormat,
    ReportFormatOption,
    table_argument,
)
from .promote import promote

if TYPE_CHECKING:
    from zsl_images.classes.findings import Finding

_LOOK, _WRITE, _EDIT = "Look at classes", "Tables", "Classes of a head"
"""Panels of the help."""


def check(
    table: Annotated[Path, table_argument(help="Class table (CSV, TSV, Excel or shipped).")],
    head: Annotated[
        str | None, typer.Option("--head", "-w", help="Head that the classes are meant for.")
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(
            min=0, help="Squared latent distance below which two classes are hard to distinguish."
        ),
    ] = None,
    format: ReportFormatOption = ReportFormat.TABLE,
) -> None:
    """Check a class table and list every problem, the gravest first.

    Exit code 1 means there are errors; with warnings alone it is 0.
    """
    if not head:
        refuse("without --head", margin=margin is not None)
    from zsl_images.head.class_checks import check_classes
    from zsl_images.head.head_file import load_head

    with progress() as show:
        findings = check_classes(table, load_head(head) if head else None, margin, show)
    errors = sum(finding.is_error for finding in findings)
    if format is ReportFormat.JSON:
        rows = [{"path": str(table), **_fields(finding)} for finding in findings]
        typer.echo(json_of(rows, indent=2))
    else:
        for finding in findings:
            echo(f"{table}:{_line(finding)}")
        echo(f"{table}: {counted(errors, 'error')}, {counted(len(findings) - errors, 'warning')}")
    if errors:
        raise typer.Exit(FAILED)


def write(
    out: Annotated[
        Path, typer.Argument(metavar="TABLE", help="CSV or TSV file to write, or - for stdout.")
    ],
    head: HeadName = DEFAULT_HEAD,
) -> None:
    """Write a head's class table to a file."""
    from zsl_images.head.head_file import load_head

    table = load_head(head).table
    if out == STDOUT:
        typer.echo(table.to_csv(), nl=False)
        return
    table.write(out)
    echo(f"{out}: {counted(len(table), 'class')}, {len(table.seen_names)} of them seen")


def remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Classes to remove.")],
    out: HeadOut,
    head: HeadName = DEFAULT_HEAD,
) -> None:
    """Remove classes from a head."""
    from zsl_images.head.edit_classes import remove_classes
    from zsl_images.head.head_file import load_head, save_head

    smaller = remove_classes(load_head(head), names)
    save_head(smaller, out)
    echo(f"{out}: {counted(len(smaller.table), 'class')}")


def rename(
    old: Annotated[str, typer.Argument(help="Class of the head.")],
    new: Annotated[str, typer.Argument(help="New name of the class.")],
    out: HeadOut,
    head: HeadName = DEFAULT_HEAD,
) -> None:
    """Rename a class of a head."""
    from zsl_images.head.edit_classes import rename_classes
    from zsl_images.head.head_file import load_head, save_head

    save_head(rename_classes(load_head(head), {old: new}), out)
    echo(f"{out}: {old} is now {new}")


classes = typer.Typer(
    cls=HelpfulGroup,
    no_args_is_help=True,
    help="Check class tables, and edit the classes of a head.",
    epilog=example_of("classes show zebra"),
)
register(classes, list_classes, "list", example="classes list", panel=_LOOK)
register(classes, show, example="classes show zebra", panel=_LOOK)
register(classes, attributes, example="classes attributes awa2.csv", panel=_LOOK)
register(classes, check, example="classes check new.csv --head awa2", panel=_WRITE)
register(
    classes,
    new,
    example="classes new okapi --like zebra --set stripes=40 --out new.csv",
    panel=_WRITE,
)
register(classes, write, example="classes write table.csv", panel=_WRITE)
register(classes, add, example="classes add new.csv --out grown.safetensors", panel=_EDIT)
register(classes, promote, example="classes promote photos --out promoted.safetensors", panel=_EDIT)
register(classes, rename, example="classes rename bobcat lynx --out renamed.safetensors", panel=_EDIT)
register(classes, remove, example="classes remove bobcat lion --out fewer.safetensors", panel=_EDIT)


def _fields(finding: Finding) -> dict[str, Any]:
    fields = asdict(finding)
    return {"severity": "error" if fields.pop("is_error") else "warning", **fields}


def _line(finding: Finding) -> str:
    """`3:2: warning: ...`, in the form of compilers, so that editors can jump there."""
    where = "".join(f"{place}:" for place in (finding.line, finding.column) if place is not None)
    named = f"{finding.attribute}: " if finding.attribute else ""
    severity = "error" if finding.is_error else "warning"
    return f"{where} {severity}: {named}{finding.text} [{finding.kind}]"
