"""`zsl evaluate`: measure a head on labelled photos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zsl_images.defaults import TOP_K
from zsl_images.names import json_of
from zsl_images.version import __version__

from .console import finish, progress
from .decision_options import Candidates
from .option_groups import AllBut, changed, refuse
from .options import FeatureCache, ReportFormat, ReportFormatOption

if TYPE_CHECKING:
    from zsl_images.evaluation.figures import Evaluation


def evaluate(
    photos: Annotated[
        Path,
        typer.Argument(help="Folder with one folder of photos per class, or with res101.mat."),
    ],
    candidates: Annotated[Candidates, AllBut("backbone", "zsl_only", "taxonomy", "engine")],
    unknown: Annotated[
        Path | None,
        typer.Option(help="Folder of photos that show none of the candidates, for unknown_AUROC."),
    ] = None,
    format: ReportFormatOption = ReportFormat.TABLE,
    cache: FeatureCache = None,
) -> None:
    """Measure a head on labelled photos: T, u, s, H, AUSUC and more.

    If the folder has res101.mat and att_splits.mat, the head is measured on
    their test rows; use this for heads written by `zsl benchmark --save`.
    """
    from zsl_images.evaluation.xlsa17 import FEATURES_FILE, read_xlsa17

    if (photos / FEATURES_FILE).is_file():
        refuse(
            f"on a folder with {FEATURES_FILE}",
            unknown=bool(unknown),
            cache=bool(cache),
            **changed(candidates, but=("head", "seen_penalty")),
        )
        from zsl_images.evaluation.benchmarks import evaluate_on_test
        from zsl_images.head.head_file import load_head

        head = load_head(candidates.head)
        report = evaluate_on_test(head, read_xlsa17(photos), candidates.penalty_of(head))
        origin = {"backbone": head.backbone.name}
    else:
        from zsl_images.evaluation.evaluate import evaluate as measure
        from zsl_images.labelling.label_rows import origin_of

        classifier = candidates.classifier()
        with progress() as show:
            report = measure(classifier, photos, unknown=unknown, cache=cache, on_step=show)
        origin = {"backbone": origin_of(classifier, TOP_K)["backbone"]}
    about = {"head": str(candidates.head), "version": __version__}
    if format is ReportFormat.JSON:
        typer.echo(json_of(report.to_dict() | {"origin": origin | about}, indent=2))
    else:
        _show_table(report)
    finish(report.failures)


def _show_table(report: Evaluation) -> None:
    for name, value in report.figures.items():
        typer.echo(f"{name:<16}{value:7.1%}")
    typer.echo(f"\n{'class':<24}{'photos':>7}{'top-1':>8}")
    for of_class in report.per_class:
        kind = "" if of_class.is_seen else "  unseen"
        typer.echo(f"{of_class.label:<24}{of_class.photos:>7}{of_class.accuracy:>8.1%}{kind}")
    if report.confusions:
        typer.echo(f"\n{'mistaken':<24}{'for':<24}{'photos':>7}")
    for label, given, photos in report.confusions[:20]:
        typer.echo(f"{label:<24}{given:<24}{photos:>7}")
