"""`zsl evaluate`: measure a head on labelled photos."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from .candidates import Text, decided, table_at
from .console import progress
from .options import (
    BackboneWeights,
    Device,
    FeatureCache,
    MinConfidence,
    ReportFormat,
    ReportFormatOption,
    SeenPenalty,
    Weights,
    penalty_of,
)


def evaluate(
    photos: Annotated[
        Path, typer.Argument(help="Folder with a folder of photos for each class, or with res101.mat.")
    ],
    attributes: Annotated[
        Path | None,
        typer.Option("--attributes", "-a", help="Class table of candidates. Default: the head's."),
    ] = None,
    text: Text = None,
    weights: Weights = "awa2",
    seen_penalty: SeenPenalty = None,
    min_confidence: MinConfidence = 0.0,
    unknown: Annotated[
        Path | None,
        typer.Option(help="Folder of photos that show none of the candidates, for unknown_AUROC."),
    ] = None,
    format: ReportFormatOption = ReportFormat.TABLE,
    features: FeatureCache = None,
    backbone_weights: BackboneWeights = None,
    device: Device = "auto",
) -> None:
    """Measure a head on photos whose classes are known, as the field does: T, u, s, H, AUSUC.

    A folder with res101.mat and att_splits.mat is measured on its test rows, for heads made by
    `zsl benchmark --save`.
    """
    from zsl_images.evaluation.xlsa17 import FEATURES_FILE, read_xlsa17
    from zsl_images.head.head_file import load_head

    if (photos / FEATURES_FILE).is_file():
        from zsl_images.evaluation.benchmarks import evaluate_on_test

        head = load_head(weights)
        report = evaluate_on_test(head, read_xlsa17(photos), penalty_of(head, seen_penalty))
    else:
        from zsl_images.classifier import ZeroShotClassifier
        from zsl_images.evaluation.evaluate import evaluate as measure

        table = table_at(attributes)
        classifier = ZeroShotClassifier.load(weights, backbone_weights=backbone_weights, device=device)
        classifier = decided(classifier, table, text, seen_penalty, False, min_confidence)
        with progress() as show:
            report = measure(classifier, photos, unknown=unknown, cache=features, on_step=show)
    if format is ReportFormat.JSON:
        typer.echo(json.dumps(report.to_dict(), indent=2, ensure_ascii=False))
        return
    for name, value in report.figures.items():
        typer.echo(f"{name:<16}{value:7.1%}")
    typer.echo(f"\n{'class':<24}{'photos':>7}{'top-1':>8}")
    for of_class in report.per_class:
        kind = "" if of_class.is_seen else "  unseen"
        typer.echo(f"{of_class.label:<24}{of_class.photos:>7}{of_class.accuracy:>8.1%}{kind}")
    if report.confusions:
        typer.echo(f"\n{'mistaken':<24}{'for':<24}{'photos':>7}")
    for label, given, photos_mistaken in report.confusions[:20]:
        typer.echo(f"{label:<24}{given:<24}{photos_mistaken:>7}")
    for failure in report.failures:
        typer.echo(f"left out: {failure.reason}", err=True)
