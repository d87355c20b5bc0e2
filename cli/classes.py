"""`zsl classes`: the classes of a head's table: write, remove, rename, promote."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from zsl_images.cli.console import FINISHED_WITH_FAILURES, progress
from zsl_images.cli.options import BackboneWeights, Device, FeatureCache, HeadOut, Weights

classes = typer.Typer(no_args_is_help=True, help="Edit the classes of a head.")


@classes.command()
def write(
    out: Annotated[Path, typer.Argument(metavar="TABLE", help="The CSV or TSV file to write.")],
    weights: Weights = "awa2",
) -> None:
    """Write a head's class table as a file."""
    from zsl_images.checkpoint import load_head

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
    from zsl_images.checkpoint import load_head, save_head
    from zsl_images.growing import remove_classes

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
    from zsl_images.checkpoint import load_head, save_head
    from zsl_images.growing import rename_classes

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
    from zsl_images import updating
    from zsl_images.classifier import ZeroShotClassifier
    from zsl_images.files import check_writable

    check_writable(out)
    classifier = ZeroShotClassifier.load(weights, backbone_weights=backbone_weights, device=device)
    before = len(classifier.table.seen_names)
    with progress() as show:
        result = updating.promote(classifier, photos, cache=features, on_step=show)
    result.classifier.save(out)
    after = len(result.classifier.table.seen_names)
    typer.echo(f"{out}: {after - before} classes promoted, {after} seen in all")
    for failure in result.failures:
        typer.echo(f"left out: {failure.reason}", err=True)
    if result.failures:
        raise typer.Exit(FINISHED_WITH_FAILURES)
