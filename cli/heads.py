"""`zsl heads`: list the shipped heads."""

from __future__ import annotations

from dataclasses import asdict

import typer

from zsl_images.defaults import DEFAULT_HEAD
from zsl_images.names import json_of

from .options import ReportFormat, ReportFormatOption


def heads(format: ReportFormatOption = ReportFormat.TABLE) -> None:
    """List the shipped heads: classes, backbone, licence, size and figures.

    Their names can be given to --head. T is accuracy on unseen classes alone; u
    and s are accuracies on unseen and on seen classes, with all as candidates.
    """
    from zsl_images.head.shipped_heads import list_heads

    if format is ReportFormat.JSON:
        rows = [asdict(head) for head in list_heads()]
        typer.echo(json_of(rows, indent=2))
        return
    for head in list_heads():
        typer.echo(head.name + (" (default)" if head.name == DEFAULT_HEAD else ""))
        classes = f"{head.seen} known by photos, {head.unseen} by attributes alone"
        figures = [f"{name} {value:.1%}" for name, value in head.figures.items()]
        for what, text in (
            ("classes", f"{head.seen + head.unseen}: {classes}"),
            ("backbone", head.backbone),
            ("licence", head.licence),
            ("file", f"{head.bytes / 1e6:.1f} MB"),
            ("figures", ", ".join(figures[:5])),
            ("", ", ".join(figures[5:])),
        ):
            if text:
                typer.echo(f"  {what:<10}{text}")
