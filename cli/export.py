"""`zsl export`: write a backbone and its head as one network for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .console import echo
from .decision_options import Candidates
from .option_groups import Only
from .options import needs


def export(
    out: Annotated[
        Path,
        typer.Option(
            help=f"File to write: .onnx, which needs {needs('onnx')}, or .xml for OpenVINO (with its "
            "weights in a .bin beside it)."
        ),
    ],
    candidates: Annotated[Candidates, Only("head", "seen_penalty", "backbone_weights")],
) -> None:
    """Write backbone and head as one network, for programs without this package.

    It takes pixels and a class table's attributes and gives probabilities, so
    other classes need no other export. The file names the attributes, their
    order, the seen classes and the preprocessing of photos.
    """
    candidates.classifier().export(out)
    echo(f"{out}: {out.stat().st_size / 1e6:.1f} MB")
