"""The options that say what to make of a label file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from zsl_images.labelling.outputs import Outputs


@dataclass(frozen=True)
class Exports:
    """One option for each field of `Outputs`."""

    move: Annotated[
        Path | None, typer.Option(help="Move the photos into this folder, one subfolder per label.")
    ] = None
    copy: Annotated[Path | None, typer.Option(help="Copy them into this folder instead.")] = None
    link: Annotated[Path | None, typer.Option(help="Link to them from this folder instead.")] = None
    coco: Annotated[Path | None, typer.Option(help="Also write the labels as COCO JSON.")] = None
    label_studio: Annotated[
        Path | None, typer.Option(help="Also write the labels as Label Studio tasks with predictions.")
    ] = None
    xmp: Annotated[
        bool, typer.Option("--xmp", help="Also write a sidecar PHOTO.xmp with the label as a keyword.")
    ] = False

    def outputs(self) -> Outputs:
        """The library's value."""
        from zsl_images.labelling.outputs import Outputs

        return Outputs(**vars(self))
