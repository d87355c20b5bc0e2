"""`zsl classes`: check class tables, and edit the classes of a head."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zsl_images.defaults import DEFAULT_HEAD

from .add_classes import add
from .class_lists import attributes, list_classes, show
from .console import FAILED, echo, progress
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
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            echo(f"{table}:{_line(finding)}")
        echo(f"{table}: {errors} errors, {len(findings) - errors} warnings")
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
    echo(f"{out}: {len(table)} classes, {len(table.seen_names)} of them seen")


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
    echo(f"{out}: {len(smaller.table)} classes")


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


classes = typer.Typer(no_args_is_help=True, help="Check class tables, and edit the classes of a head.")
for command in (list_classes, show, attributes, check, new, write, add, promote, rename, remove):
    register(classes, command, "list" if command is list_classes else None)


def _fields(finding: Finding) -> dict[str, Any]:
    fields = asdict(finding)
    return {"severity": "error" if fields.pop("is_error") else "warning", **fields}


def _line(finding: Finding) -> str:
    """`3:2: warning: ...`, in the form of compilers, so that editors can jump there."""
    where = "".join(f"{place}:" for place in (finding.line, finding.column) if place is not None)
    named = f"{finding.attribute}: " if finding.attribute else ""
    severity = "error" if finding.is_error else "warning"
    return f"{where} {severity}: {named}{finding.text} [{finding.kind}]"
