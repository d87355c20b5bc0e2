"""`zsl speed`: how many photos a second, and what bounds it."""

from __future__ import annotations

import json
from itertools import islice
from typing import Annotated

import typer

from .options import (
    BackboneName,
    BackboneWeights,
    BatchSize,
    Device,
    EngineName,
    EngineOption,
    ReportFormat,
    ReportFormatOption,
)


def speed(
    photos: Annotated[list[str], typer.Argument(metavar="PHOTO...", help="Folders, files or globs.")],
    limit: Annotated[int, typer.Option(min=32, help="Photos to measure on.")] = 1000,
    backbone: BackboneName = "tf_efficientnet_lite0",
    batch_size: BatchSize = 32,
    engine: EngineOption = EngineName.AUTO,
    format: ReportFormatOption = ReportFormat.TABLE,
    backbone_weights: BackboneWeights = None,
    device: Device = "auto",
) -> None:
    """Measure photos per second: decoding alone, the backbone alone, and the whole."""
    from zsl_images.features.backbones import load_backbone
    from zsl_images.features.photo_paths import find_images
    from zsl_images.features.speed import measure

    paths = list(islice(find_images(photos), limit))
    speeds = measure(paths, load_backbone(backbone, backbone_weights, device, engine), batch_size)
    if format is ReportFormat.JSON:
        typer.echo(json.dumps(speeds.to_dict(), indent=2))
        return
    typer.echo(f"{len(paths)} photos, engine {speeds.engine}, photos per second:")
    for name in ("decode", "model", "bound", "pipeline"):
        typer.echo(f"  {name:<9}{getattr(speeds, name):8.0f}")
    typer.echo(
        f"the whole runs at {speeds.pipeline / speeds.bound:.0%} of what decoding and the backbone "
        f"allow together; most of the time goes to: {speeds.slower}"
    )
