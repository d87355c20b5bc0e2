"""`zsl adapt`: sharpen a head's unseen classes by the unlabelled photos of a folder."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from .console import FINISHED_WITH_FAILURES, progress
from .options import (
    BackboneWeights,
    Device,
    FeatureCache,
    HeadOut,
    ReportFormat,
    ReportFormatOption,
    SeenPenalty,
    Weights,
    penalty_of,
)


def adapt(
    photos: Annotated[Path, typer.Argument(help="Folder of photos; nobody need have labelled them.")],
    out: HeadOut,
    attributes: Annotated[
        Path | None,
        typer.Option("--attributes", "-a", help="Class table of candidates. Default: the head's."),
    ] = None,
    weights: Weights = "awa2",
    seen_penalty: SeenPenalty = None,
    format: ReportFormatOption = ReportFormat.TABLE,
    features: FeatureCache = None,
    backbone_weights: BackboneWeights = None,
    device: Device = "auto",
) -> None:
    """Move unseen classes to where the photos of a folder are, and say what changed.

    It helps where unseen classes have a good many photos in the folder. Leave classes that are
    surely not there out of the candidates (--attributes).
    """
    from zsl_images.classes.class_table import ClassTable
    from zsl_images.classifier import ZeroShotClassifier
    from zsl_images.files import check_writable
    from zsl_images.learning.adapt import adapt as adapt_to_photos

    check_writable(out)
    table = ClassTable.read(attributes) if attributes else None
    classifier = ZeroShotClassifier.load(weights, backbone_weights=backbone_weights, device=device)
    if table is not None:
        classifier = classifier.with_classes(table)
    classifier = classifier.with_seen_penalty(penalty_of(classifier.head, seen_penalty))
    with progress() as show:
        result = adapt_to_photos(classifier, photos, cache=features, on_step=show)
    result.classifier.save(out)
    report = result.report
    if format is ReportFormat.JSON:
        typer.echo(json.dumps(asdict(report), indent=2, ensure_ascii=False))
    else:
        before, after = report.confidence
        typer.echo(f"{out}: adapted to {report.photos} photos")
        typer.echo(f"  labels that stay  {report.agreement:6.1%}")
        typer.echo(f"  mean confidence   {before:6.1%} before, {after:.1%} after")
        typer.echo(f"\n{'class':<24}{'before':>7}{'after':>7}")
        for name, old, new in report.counts:
            typer.echo(f"{name:<24}{old:>7}{new:>7}")
    for failure in result.failures:
        typer.echo(f"left out: {failure.reason}", err=True)
    if result.failures:
        raise typer.Exit(FINISHED_WITH_FAILURES)
