"""All commands, gathered. Nothing here imports torch, so that `zsl --help` answers at once."""

from __future__ import annotations

from typing import Annotated

import typer

from zsl_images.version import __version__

from .adapt import adapt
from .add_classes import add
from .benchmark import benchmark
from .calibrate import calibrate
from .classes import classes
from .classify import classify
from .console import ReportingGroup
from .correct import correct
from .evaluate import evaluate
from .export import export
from .features import features
from .heads import heads
from .help import CLASSES, LABEL, TOOLS, TRAIN, example_of
from .label import label
from .manifest import manifest
from .merge import merge
from .option_groups import register
from .plot import plot
from .relabel import relabel
from .report import report
from .serve import serve
from .speed import speed
from .train import train

app = typer.Typer(
    cls=ReportingGroup,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    help="Label images of classes that have no training photos, using tables of attributes.",
    epilog=example_of("classify photo.jpg"),
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


register(app, classify, example="classify photos --top-k 3", panel=LABEL)
register(app, label, example="label photos --out labels.parquet", panel=LABEL)
register(app, manifest, example="manifest photos --out photos.parquet", panel=LABEL)
register(app, merge, example="merge 1.parquet 2.parquet --out labels.csv", panel=LABEL)
register(app, relabel, example="relabel features.parquet --out labels.csv", panel=LABEL)
register(app, report, example="report labels.parquet --out report.html", panel=LABEL)
register(app, serve, example="serve --port 8000", panel=LABEL)
app.add_typer(classes, name="classes", rich_help_panel=CLASSES)
ADD = "add-classes new.csv --out grown.safetensors"  # what `classes add` was called before
register(app, add, "add-classes", example=ADD, hidden=True)
register(
    app,
    train,
    example="train photos --attributes classes.csv --out head.safetensors",
    panel=TRAIN,
)
register(app, evaluate, example="evaluate photos --head head.safetensors", panel=TRAIN)
register(app, correct, example="correct labels.csv --out corrected.safetensors", panel=TRAIN)
register(app, calibrate, example="calibrate photos --out calibrated.safetensors", panel=TRAIN)
register(app, adapt, example="adapt photos --out adapted.safetensors", panel=TRAIN)
register(app, benchmark, example="benchmark AWA2 --recipe sgal", panel=TRAIN)
register(app, plot, example="plot AWA2 --recipe sgal --out sgal.png", panel=TRAIN)
app.add_typer(heads, name="heads", rich_help_panel=TOOLS)
register(app, speed, example="speed photos --limit 100", panel=TOOLS)
register(app, export, example="export --head head.safetensors --out head.onnx", panel=TOOLS)
register(app, features, example="features photos --attributes classes.csv --out features", panel=TOOLS)
