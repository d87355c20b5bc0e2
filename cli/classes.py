"""`zsl classes`: look after class tables, and after the classes of a head."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .console import FAILED, FINISHED_WITH_FAILURES, progress
from .options import (
    BackboneWeights,
    Device,
    FeatureCache,
    HeadOut,
    ReportFormat,
    ReportFormatOption,
    Weights,
)

if TYPE_CHECKING:
    from zsl_images.classes.sheets import Finding

classes = typer.Typer(no_args_is_help=True, help="Check class tables, and edit the classes of a head.")


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
    from zsl_images.head.class_checks import check_classes

    head = None
    if weights:
        from zsl_images.head.head_file import load_head

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
    from zsl_images.classes.class_rows import ClassRow

    changes = dict(_change(text) for text in set or ())
    if table:
        row = ClassRow.like(name, like, changes, table)
    else:
        from zsl_images.head.head_file import load_head

        row = ClassRow.like(name, like, changes, load_head(weights).table)
    if out:
        row.append_to(out)
        typer.echo(f"{out}: {name}, {len(changes)} of {len(row.cells)} attributes other than {like}'s")
    else:
        typer.echo(row.to_csv(), nl=False)


@classes.command()
def write(
    out: Annotated[Path, typer.Argument(metavar="TABLE", help="The CSV or TSV file to write.")],
    weights: Weights = "awa2",
) -> None:
    """Write a head's class table as a file."""
    from zsl_images.head.head_file import load_head

    table = load_head(weights).table
    table.write(out)
    typer.echo(f"{out}: {len(table)} classes, {len(table.seen_names)} of them seen")


@classes.command()
def remove(
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Classes to take out.")],
    out: HeadOut,
    weights: Weights = "awa2",
) -> None:
    """Take classes out of a head."""
    from zsl_images.head.edits import remove_classes
    from zsl_images.head.head_file import load_head, save_head

    head = remove_classes(load_head(weights), names)
    save_head(head, out)
    typer.echo(f"{out}: {len(head.table)} classes")


@classes.command()
def rename(
    old: Annotated[str, typer.Argument(help="A class of the head.")],
    new: Annotated[str, typer.Argument(help="Its new name.")],
    out: HeadOut,
    weights: Weights = "awa2",
) -> None:
    """Give a class of a head another name."""
    from zsl_images.head.edits import rename_classes
    from zsl_images.head.head_file import load_head, save_head

    save_head(rename_classes(load_head(weights), {old: new}), out)
    typer.echo(f"{out}: {old} is now {new}")


@classes.command()
def promote(
    photos: Annotated[
        Path, typer.Argument(help="Folder with a folder of photos for each unseen class to promote.")
    ],
    out: HeadOut,
    weights: Weights = "awa2",
    features: FeatureCache = None,
    backbone_weights: BackboneWeights = None,
    device: Device = "auto",
) -> None:
    """Make unseen classes seen, with a few photos of each."""
    from zsl_images.classifier import ZeroShotClassifier
    from zsl_images.files import check_writable
    from zsl_images.learning.promote import promote as promote_classes

    check_writable(out)
    classifier = ZeroShotClassifier.load(weights, backbone_weights=backbone_weights, device=device)
    before = len(classifier.table.seen_names)
    with progress() as show:
        result = promote_classes(classifier, photos, cache=features, on_step=show)
    result.classifier.save(out)
    after = len(result.classifier.table.seen_names)
    typer.echo(f"{out}: {after - before} classes promoted, {after} seen in all")
    for failure in result.failures:
        typer.echo(f"left out: {failure.reason}", err=True)
    if result.failures:
        raise typer.Exit(FINISHED_WITH_FAILURES)


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
