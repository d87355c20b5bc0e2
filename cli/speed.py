"""`zsl speed`: measure how many photos per second are possible, and what limits it."""

from __future__ import annotations

import json
from itertools import islice
from typing import Annotated

import typer

from zsl_images.defaults import BATCH_SIZE
from zsl_images.errors import counted

from .options import BackboneChoice, BatchSize, ReportFormat, ReportFormatOption


def speed(
    photos: Annotated[list[str], typer.Argument(metavar="PHOTO...", help="Folders, files or globs.")],
    backbone: BackboneChoice,
    limit: Annotated[int, typer.Option(min=BATCH_SIZE, help="Number of photos to measure on.")] = 1000,
    batch_size: BatchSize = BATCH_SIZE,
    format: ReportFormatOption = ReportFormat.TABLE,
) -> None:
    """Measure photos per second: decoding alone, the backbone alone, and both."""
    from zsl_images.features.photo_paths import find_images
    from zsl_images.features.skipped_files import LeftOut
    from zsl_images.features.speed import measure

    paths = list(islice(find_images(photos, LeftOut()), limit))
    speeds = measure(paths, backbone.load(), batch_size)
    if format is ReportFormat.JSON:
        typer.echo(json.dumps(speeds.to_dict(), indent=2))
        return
    typer.echo(f"{counted(len(paths), 'photo')}, engine {speeds.engine}, photos per second:")
    for name in ("decode", "model", "bound", "pipeline"):
        typer.echo(f"  {name:<9}{getattr(speeds, name):8.0f}")
    typer.echo(
        f"the pipeline reaches {speeds.pipeline / speeds.bound:.0%} of what decoding and the backbone "
        f"allow together; most of the time goes to: {speeds.slower}"
    )
