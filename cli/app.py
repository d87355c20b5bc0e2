"""All commands, gathered. Nothing here imports torch, so that `zsl --help` answers at once."""

from __future__ import annotations

from typing import Annotated

import typer

from zsl_images.version import __version__

from .adapt import adapt
from .add_classes import add
from .benchmark import benchmark
from .classes import classes
from .classify import classify
from .console import ReportingGroup
from .evaluate import evaluate
from .features import features
from .heads import heads
from .label import label
from .option_groups import register
from .relabel import relabel
from .speed import speed
from .train import train

app = typer.Typer(
    cls=ReportingGroup,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="Label images of classes that have no training photos, using tables of attributes.",
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"zsl_images {__version__}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Take the options that come before the command."""


register(app, classify)
register(app, label)
register(app, relabel)
register(app, train)
register(app, evaluate)
register(app, heads)
app.add_typer(classes, name="classes")
register(app, add, name="add-classes", hidden=True)  # what `classes add` was called before
register(app, adapt)
register(app, features)
register(app, benchmark)
register(app, speed)
