"""`zsl train`: train a head on photos and a class table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zsl_images.defaults import FOLDS, MAX_FOLDS, MAX_SEEN_LOSS
from zsl_images.errors import counted

from .console import echo, finish, progress
from .decision_options import TrainingClasses
from .option_groups import Only, refuse
from .options import BackboneChoice, BackboneClassesOption, FeatureCache, HeadOut, RecipeOption
from .rescue import save_somewhere

_MEANINGS = {
    "seen_accuracy": "right labels for photos of seen classes",
    "unseen_accuracy": "right labels for photos of unseen classes",
    "ECE": "how far the probabilities of seen classes are off",
    "T": "right, if only unseen classes are candidates (--zsl-only)",
    "s": "like seen_accuracy, with --seen-penalty balanced",
    "u": "like unseen_accuracy, with --seen-penalty balanced",
    "H": "harmonic mean of s and u",
    "best_H": "H with the seen penalty that suits these photos best",
    "AUSUC": "area under u over s, for all seen penalties",
}
"""Figure of a validation → what it is, in the order in which they are printed."""

Folds = Annotated[
    int,
    typer.Option(
        min=0,
        max=MAX_FOLDS,
        metavar="N",
        help="Number of validations with pseudo-unseen classes; 0 for none.",
    ),
]
MaxSeenLoss = Annotated[
    float,
    typer.Option(
        min=0,
        max=1,
        metavar="SHARE",
        help="Seen accuracy that the head's own seen penalty may cost, 0 to 1.",
    ),
]


def train(
    out: HeadOut,
    classes: TrainingClasses,
    backbone: Annotated[
        BackboneChoice, Only("backbone", "backbone_weights", "device", "image_size", "pooling")
    ],
    photos: Annotated[
        Path | None,
        typer.Argument(
            help="Folder with one folder of photos per seen class. Without it, the head learns from "
            "--backbone-classes alone."
        ),
    ] = None,
    backbone_classes: BackboneClassesOption = None,
    recipe: RecipeOption = None,
    seed: Annotated[
        int, typer.Option(help="Random seed; the same seed gives the same head on the same machine.")
    ] = 0,
    folds: Folds = FOLDS,
    max_seen_loss: MaxSeenLoss = MAX_SEEN_LOSS,
    cache: FeatureCache = None,
) -> None:
    """Train a head: seen classes from photos, unseen ones from attributes.

    With --backbone-classes it also learns from what its backbone knows.

    At the end it prints accuracy on held-out photos and on seen classes that
    were treated as unseen. The photos' features are cached, so training again
    on the same photos opens none of them.
    """
    if photos is None:
        if backbone_classes is None:
            raise typer.BadParameter(
                "give a folder of photos, --backbone-classes, or both", param_hint="PHOTOS"
            )
        refuse(
            "without photos",
            recipe=recipe is not None,
            folds=folds != FOLDS,
            max_seen_loss=max_seen_loss != MAX_SEEN_LOSS,
            cache=cache is not None,
        )
    if folds == 0:
        refuse("with --folds 0", max_seen_loss=max_seen_loss != MAX_SEEN_LOSS)
    from zsl_images.files import check_writable

    check_writable(out)
    table = classes.table()

    from zsl_images.learning.train import train as train_head

    with progress() as show:
        result = train_head(
            photos,
            table,
            backbone=backbone.load(),
            backbone_classes=backbone_classes,
            recipe=str(recipe) if recipe else None,
            seed=seed,
            folds=folds,
            max_seen_loss=max_seen_loss,
            cache=cache,
            on_step=show,
        )
    save_somewhere(result.classifier.save, out)
    head = result.classifier.head
    seen, unseen = head.table.seen_names, head.table.unseen_names
    echo(f"{out}: {len(seen)} seen and {counted(len(unseen), 'unseen class')}")
    if rows := head.table.row_names:
        known = len(rows.intersection(unseen))
        echo(
            f"  learned from {counted(len(rows), 'class')} of the backbone, {known} of them among the "
            "unseen"
        )
    if not head.calibration.uses_photos:
        echo("  calibrated without photos: probabilities are less reliable")
    metrics = head.calibration.metrics
    if metrics:
        typer.echo(
            "What to expect of photos that it did not learn from; unseen: seen classes that were"
        )
        typer.echo(
            "treated as unseen. Yours may differ by many points, as some are hard to tell apart."
        )
    for name in (*_MEANINGS, *sorted(metrics.keys() - _MEANINGS.keys())):
        if name in metrics:
            typer.echo(f"  {name:<16}{metrics[name]:6.1%}  {_MEANINGS.get(name, '')}".rstrip())
    finish(result.failures)
