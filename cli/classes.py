"""`zsl classes`: look after class tables."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from zsl_images.cli.console import FAILED
from zsl_images.cli.options import ReportFormat, ReportFormatOption, Weights

if TYPE_CHECKING:
    from zsl_images.tables import Finding

classes = typer.Typer(no_args_is_help=True, help="Check class tables, and write rows of them.")


@classes.command()
def check(
    table: Annotated[Path, typer.Argument(help="Class table (CSV or TSV).")],
    weights: Annotated[
        str | None, typer.Option("--weights", "-w", help="A head that the classes are meant for.")
    ] = None,
    margin: Annotated[
        float | None,
        typer.Option(min=0, help="Squared latent distance below which two classes count as one."),
    ] = None,
    format: ReportFormatOption = ReportFormat.TABLE,
) -> None:
    """Say all that is wrong in a class table, before anything is labelled with it.

    Exit code 1 says that there are errors; warnings alone leave it at 0.
    """
    from zsl_images.checking import check_classes

    head = None
    if weights:
        from zsl_images.checkpoint import load_head

        head = load_head(weights)
    findings = check_classes(table, head, margin)
    errors = sum(finding.is_error for finding in findings)
    if format is ReportFormat.JSON:
        rows = [{"path": str(table), **_fields(finding)} for finding in findings]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            typer.echo(f"{table}:{_told(finding)}")
        typer.echo(f"{table}: {errors} errors, {len(findings) - errors} warnings")
    if errors:
        raise typer.Exit(FAILED)


@classes.command()
def new(
    name: Annotated[str, typer.Argument(help="The new class.")],
    like: Annotated[str, typer.Option(help="The class whose attributes it starts from.")],
    set: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ATTRIBUTE=VALUE", help="A value that differs; repeatable."),
    ] = None,
    table: Annotated[
        Path | None, typer.Option("--table", "-t", help="Table of that class. Default: the head's.")
    ] = None,
    weights: Weights = "awa2",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Table to write the row below; made where it is not there."),
    ] = None,
) -> None:
    """Write the row of a new class, made from one that is there.

    Without --out it is printed as CSV with its header.
    """
    from zsl_images.rows import ClassRow

    changes = dict(_change(text) for text in set or ())
    if table:
        row = ClassRow.like(name, like, changes, table)
    else:
        from zsl_images.checkpoint import load_head

        row = ClassRow.like(name, like, changes, load_head(weights).table)
    if out:
        row.append_to(out)
        typer.echo(f"{out}: {name}, {len(changes)} of {len(row.cells)} attributes other than {like}'s")
    else:
        typer.echo(row.to_csv(), nl=False)


def _fields(finding: Finding) -> dict[str, Any]:
    fields = asdict(finding)
    return {"severity": "error" if fields.pop("is_error") else "warning", **fields}


def _told(finding: Finding) -> str:
    """`3:2: warning: ...`, as compilers say it, so that editors jump there."""
    where = "".join(f"{place}:" for place in (finding.line, finding.column) if place is not None)
    named = f"{finding.attribute}: " if finding.attribute else ""
    severity = "error" if finding.is_error else "warning"
    return f"{where} {severity}: {named}{finding.message} [{finding.kind}]"


def _change(text: str) -> tuple[str, float]:
    attribute, equals, value = text.rpartition("=")
    try:
        if equals:
            return attribute.strip(), float(value)
    except ValueError:
        pass
    raise typer.BadParameter(f"{text!r}, expected such as stripes=90", param_hint="--set")
