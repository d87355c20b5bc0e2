"""`zsl heads`: list the shipped heads, and verify a head file."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from zsl_images.defaults import DEFAULT_HEAD
from zsl_images.names import json_of

from .console import echo
from .help import HelpfulGroup, example_of
from .option_groups import register
from .options import ReportFormat, ReportFormatOption

heads = typer.Typer(
    cls=HelpfulGroup, invoke_without_command=True, epilog=example_of("heads verify head.safetensors")
)


@heads.callback()
def show(context: typer.Context, format: ReportFormatOption = ReportFormat.TABLE) -> None:
    """List the shipped heads: classes, backbone, licence, size and figures.

    Their names can be given to --head. T is accuracy on unseen classes alone; u
    and s are accuracies on unseen and on seen classes, with all as candidates.
    """
    if context.invoked_subcommand:
        return
    from zsl_images.head.shipped_heads import list_heads

    if format is ReportFormat.JSON:
        rows = [asdict(head) for head in list_heads()]
        typer.echo(json_of(rows, indent=2))
        return
    for head in list_heads():
        typer.echo(head.name + (" (default)" if head.name == DEFAULT_HEAD else ""))
        classes = (
            f"{head.seen} known by photos, {head.rows} by the backbone, {head.unseen} by attributes"
        )
        figures = [f"{name} {value:.1%}" for name, value in head.figures.items()]
        for what, text in (
            ("classes", f"{head.seen + head.rows + head.unseen}: {classes}"),
            ("backbone", head.backbone),
            ("licence", head.licence),
            ("file", f"{head.bytes / 1e6:.1f} MB"),
            ("figures", ", ".join(figures[:5])),
            ("", ", ".join(figures[5:])),
        ):
            if text:
                typer.echo(f"  {what:<10}{text}")


def verify(
    head: Annotated[
        str,
        typer.Argument(
            metavar="HEAD",
            help="Head file, folder with one, name of a shipped head, or USER/NAME on the hub.",
        ),
    ],
) -> None:
    """Verify a head: hash, header, shapes, finite values, and its backbone.

    The hash must be that of the card beside the file, if there is one. The
    backbone's weights must be those that the head was trained with.
    """
    from zsl_images.hub.verify import verify_head

    found = verify_head(head)
    recorded = "as in its card" if found.is_recorded else "no card records it"
    echo(f"{found.file}: in order")
    echo(f"  sha256    {found.sha256} ({recorded})")
    echo(f"  classes   {found.classes}")
    echo(f"  values    {found.values}, all finite, in tensors of the expected shapes")
    if found.backbone_sha256:
        echo(f"  backbone  {found.backbone}, weights {found.backbone_sha256[:16]} as in training")
    else:
        echo(f"  backbone  {found.backbone}: the head was trained on features, without one")


register(heads, verify, example="heads verify head.safetensors")
