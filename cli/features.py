"""`zsl features`: write photos as features, in the layout of benchmark data sets."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from .console import finish, progress
from .decision_options import TrainingClasses
from .option_groups import Only
from .options import BackboneChoice, FeatureCache


class Layout(StrEnum):
    """How features are written."""

    XLSA17 = "xlsa17"


def features(
    photos: Annotated[Path, typer.Argument(help="Folder with one folder of photos per class.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write.")],
    classes: TrainingClasses,
    backbone: Annotated[
        BackboneChoice, Only("backbone", "backbone_weights", "device", "image_size", "pooling")
    ],
    layout: Annotated[Layout, typer.Option(help="Layout of the files.")] = Layout.XLSA17,
    unseen: Annotated[
        list[str] | None,
        typer.Option(
            help="Class to treat as unseen; repeatable. Default: a fifth of the classes with photos, "
            "chosen at random."
        ),
    ] = None,
    seed: Annotated[
        int, typer.Option(help="Random seed of the split into trainval, test and validation.")
    ] = 0,
    cache: FeatureCache = None,
) -> None:
    """Write photos as a benchmark data set: res101.mat and att_splits.mat.

    `zsl benchmark` reads these files, and so does other zero-shot code.
    """
    from zsl_images.evaluation.xlsa17 import write_photos

    table = classes.table()
    with progress() as show:
        failures = write_photos(
            photos,
            table,
            out,
            backbone.load(),
            unseen=unseen,
            seed=seed,
            cache=cache,
            on_step=show,
        )
    typer.echo(f"{out}: res101.mat and att_splits.mat")
    finish(failures)
