"""`zsl report`: a page about a label file or an evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import echo, progress
from .options import table_option


def report(
    source: Annotated[
        Path,
        typer.Argument(
            help="Label file (.parquet, .csv, .jsonl), or the output of `zsl evaluate --format json` "
            "(.json)."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Page to write (.html).")],
    attributes: Annotated[
        Path | None,
        table_option(
            "--attributes", help="Class table, for a heat map of the attributes of the classes."
        ),
    ] = None,
) -> None:
    """Write one HTML page to look at: figures in plain words, and photos.

    It holds everything that it shows, so it can be sent to others. From a label
    file: photos per label, the surest and least sure ones, and those unlike
    every class. From an evaluation: its curves, and what is mistaken for what.
    """
    from zsl_images.report.report import report as write

    with progress() as show:
        write(source, out, attributes=attributes, on_step=show)
    echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB")
