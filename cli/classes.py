"""`zsl classes`: check class tables, and edit the classes of a head."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zsl_images.defaults import DEFAULT_HEAD

from .add_classes import add
from .candidates import Candidates
from .console import FAILED, finish, progress
from .options import FeatureCache, HeadName, HeadOut, ReportFormat, ReportFormatOption
from .registration import Only, refuse, register

if TYPE_CHECKING:
    from zsl_images.classes.findings import Finding


def check(
    table: Annotated[Path, typer.Argument(help="Class table (CSV or TSV).")],
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
    """Check a class table and list every problem.

    Exit code 1 means there are errors; with warnings alone it is 0.
    """
    if not head:
        refuse("without --head", margin=margin is not None)
    from zsl_images.head.class_checks import check_classes
    from zsl_images.head.head_file import load_head

    findings = check_classes(table, load_head(head) if head else None, margin)
    errors = sum(finding.is_error for finding in findings)
    if format is ReportFormat.JSON:
        rows = [{"path": str(table), **_fields(finding)} for finding in findings]
        typer.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            typer.echo(f"{table}:{_line(finding)}")
        typer.echo(f"{table}: {errors} errors, {len(findings) - errors} warnings")
    if errors:
        raise typer.Exit(FAILED)


def new(
    name: Annotated[str, typer.Argument(help="Name of the new class.")],
    like: Annotated[str, typer.Option(help="Class whose attributes are copied.")],
    set: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="ATTRIBUTE=VALUE", help="Attribute with another value; repeatable."
        ),
    ] = None,
    table: Annotated[
        Path | None,
        typer.Option("--table", "-t", help="Class table with that class. Default: the head's."),
    ] = None,
    head: HeadName = DEFAULT_HEAD,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Class table to add the row to; created if it is missing."),
    ] = None,
) -> None:
    """Write the table row of a new class that resembles another one.

    Without --out, the row is printed as CSV with its header.
    """
    if table:
        refuse("with --table", head=head != DEFAULT_HEAD)
    from zsl_images.classes.class_rows import ClassRow

    changes = dict(_change(text) for text in set or ())
    if table:
        row = ClassRow.like(name, like, changes, table)
    else:
        from zsl_images.head.head_file import load_head

        row = ClassRow.like(name, like, changes, load_head(head).table)
    if out:
        row.append_to(out)
        typer.echo(f"{out}: {name}, {len(changes)} of {len(row.cells)} attributes other than {like}'s")
    else:
        typer.echo(row.to_csv(), nl=False)


def write(
    out: Annotated[Path, typer.Argument(metavar="TABLE", help="CSV or TSV file to write.")],
    head: HeadName = DEFAULT_HEAD,
) -> None:
    """Write a head's class table to a file."""
    from zsl_images.head.head_file import load_head

    table = load_head(head).table
    table.write(out)
    typer.echo(f"{out}: {len(table)} classes, {len(table.seen_names)} of them seen")


def remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Classes to remove.")],
    out: HeadOut,
    head: HeadName = DEFAULT_HEAD,
) -> None:
    """Remove classes from a head."""
    from zsl_images.head.edits import remove_classes
    from zsl_images.head.head_file import load_head, save_head

    smaller = remove_classes(load_head(head), names)
    save_head(smaller, out)
    typer.echo(f"{out}: {len(smaller.table)} classes")


def rename(
    old: Annotated[str, typer.Argument(help="Class of the head.")],
    new: Annotated[str, typer.Argument(help="New name of the class.")],
    out: HeadOut,
    head: HeadName = DEFAULT_HEAD,
) -> None:
    """Rename a class of a head."""
    from zsl_images.head.edits import rename_classes
    from zsl_images.head.head_file import load_head, save_head

    save_head(rename_classes(load_head(head), {old: new}), out)
    typer.echo(f"{out}: {old} is now {new}")


def promote(
    photos: Annotated[
        Path, typer.Argument(help="Folder with one folder of photos per unseen class to promote.")
    ],
    out: HeadOut,
    candidates: Annotated[Candidates, Only("head", "backbone_weights", "device")],
    cache: FeatureCache = None,
) -> None:
    """Turn unseen classes into seen ones, with a few photos of each."""
    from zsl_images.files import check_writable
    from zsl_images.learning.promote import promote as promote_classes

    check_writable(out)
    classifier = candidates.classifier()
    before = len(classifier.table.seen_names)
    with progress() as show:
        result = promote_classes(classifier, photos, cache=cache, on_step=show)
    result.classifier.save(out)
    after = len(result.classifier.table.seen_names)
    typer.echo(f"{out}: {after - before} classes promoted, {after} seen in all")
    finish(result.failures)


classes = typer.Typer(no_args_is_help=True, help="Check class tables, and edit the classes of a head.")
for command in (check, new, write, add, promote, rename, remove):
    register(classes, command)


def _fields(finding: Finding) -> dict[str, Any]:
    fields = asdict(finding)
    return {"severity": "error" if fields.pop("is_error") else "warning", **fields}


def _line(finding: Finding) -> str:
    """`3:2: warning: ...`, in the form of compilers, so that editors can jump there."""
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
