"""`zsl add-classes`: give a head unseen classes from their attributes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .console import FINISHED_WITH_FAILURES, progress
from .options import BackboneWeights, Device, FeatureCache, HeadOut, Weights

if TYPE_CHECKING:
    from zsl_images.results import Failure


def add_classes(
    table: Annotated[Path, typer.Argument(help="Class table (CSV or TSV) of the new classes.")],
    out: HeadOut,
    weights: Weights = "awa2",
    learn: Annotated[
        bool,
        typer.Option("--learn", help="Generate features of the new classes and learn from them."),
    ] = False,
    photos: Annotated[
        Path | None,
        typer.Option(
            help="With --learn: folder with a folder of photos for each known class. Default: their "
            "features are generated too, from what the head remembers."
        ),
    ] = None,
    features: FeatureCache = None,
    seed: Annotated[int, typer.Option(help="Of what is generated.")] = 0,
    backbone_weights: BackboneWeights = None,
    device: Device = "auto",
) -> None:
    """Add unseen classes to a head, from their attributes alone; no photo is needed.

    At once, the prior network says where a new class lies. With --learn the head generates features
    and learns how far the new classes may reach; what it knew before stays as it is.
    """
    if (photos or features) and not learn:
        raise typer.BadParameter("photos are only used with --learn", param_hint="--photos")
    if features and not photos:
        raise typer.BadParameter("give the photos that these features are of", param_hint="--photos")
    from zsl_images.classes.class_table import ClassTable
    from zsl_images.files import check_writable
    from zsl_images.head.head_file import load_head, save_head
    from zsl_images.head.new_classes import add_classes as grow

    check_writable(out)
    new, known = ClassTable.read(table), None
    failures: tuple[Failure, ...] = ()
    with progress() as show:
        if photos:
            from zsl_images.classifier import ZeroShotClassifier
            from zsl_images.features.extraction import labelled_features

            classifier = ZeroShotClassifier.load(
                weights, backbone_weights=backbone_weights, device=device
            )
            found, names = labelled_features(
                photos, classifier.table.names, classifier.backbone, features, show
            )
            head, known, failures = classifier.head, (found.features, names), found.failures
        else:
            head = load_head(weights)
        head = grow(head, new, learn=learn, known=known, seed=seed, on_step=show)
    save_head(head, out)
    typer.echo(f"{out}: {len(new)} classes added, {len(head.table)} in all")
    for failure in failures:
        typer.echo(f"left out: {failure.reason}", err=True)
    if failures:
        raise typer.Exit(FINISHED_WITH_FAILURES)
