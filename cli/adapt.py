"""`zsl adapt`: improve a head's unseen classes with a folder of unlabelled photos."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from zsl_images.errors import counted
from zsl_images.names import json_of

from .console import finish, progress
from .decision_options import Candidates
from .option_groups import Only
from .options import FeatureCache, HeadOut, ReportFormat, ReportFormatOption
from .rescue import save_somewhere


def adapt(
    photos: Annotated[Path, typer.Argument(help="Folder of unlabelled photos.")],
    out: HeadOut,
    candidates: Annotated[
        Candidates, Only("attributes", "head", "seen_penalty", "backbone_weights", "device")
    ],
    format: ReportFormatOption = ReportFormat.TABLE,
    cache: FeatureCache = None,
) -> None:
    """Move unseen classes to the photos of a folder.

    It helps if the folder has many photos of unseen classes. A folder with too
    few is refused, since seen classes would lose photos. Leave classes that
    cannot occur there out of the candidates (--attributes).
    """
    from zsl_images.files import check_writable
    from zsl_images.learning.adapt import adapt as adapt_to_photos

    check_writable(out)
    classifier = candidates.classifier()
    with progress() as show:
        result = adapt_to_photos(classifier, photos, cache=cache, on_step=show)
    save_somewhere(result.classifier.save, out)
    report = result.report
    if format is ReportFormat.JSON:
        typer.echo(json_of(asdict(report), indent=2))
    else:
        before, after = report.confidence
        typer.echo(f"{out}: adapted to {counted(report.photos, 'photo')}")
        typer.echo(f"  labels that stay  {report.agreement:6.1%}")
        typer.echo(f"  mean confidence   {before:6.1%} before, {after:.1%} after")
        typer.echo(f"  as unseen classes {report.unseen[0]:>6} before, {report.unseen[1]} after")
        if report.unseen[1] > report.unseen[0]:
            typer.echo("  Look at some of these: if they show seen classes, do not use the new head.")
        typer.echo(f"\n{'class':<24}{'before':>7}{'after':>7}")
        for name, old, new in report.counts:
            typer.echo(f"{name:<24}{old:>7}{new:>7}")
    finish(result.failures)
