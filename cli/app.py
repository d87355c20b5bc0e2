"""The commands, gathered. Nothing here imports torch, so that `zsl --help` answers at once."""

from __future__ import annotations

from typing import Annotated

import typer
from zsl_images.cli.adapt import adapt
from zsl_images.cli.add_classes import add_classes
from zsl_images.cli.benchmark import benchmark
from zsl_images.cli.classes import classes
from zsl_images.cli.classify import classify
from zsl_images.cli.console import ReportingGroup
from zsl_images.cli.evaluate import evaluate
from zsl_images.cli.features import features
from zsl_images.cli.label import label
from zsl_images.cli.relabel import relabel
from zsl_images.cli.speed import speed
from zsl_images.cli.train import train

from zsl_images.version import __version__

app = typer.Typer(
    cls=ReportingGroup,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="Label images whose classes have no training photo, from tables of attributes.",
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"zsl_images {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """Take the options that stand before the command."""


app.command()(classify)
app.command()(label)
app.command()(relabel)
app.command()(train)
app.command()(evaluate)
app.command()(add_classes)
app.add_typer(classes, name="classes")
app.command()(adapt)
app.command()(features)
app.command()(benchmark)
app.command()(speed)
