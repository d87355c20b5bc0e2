"""Options that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from zsl_images.head.head import Head


class ReportFormat(StrEnum):
    """How a report is printed."""

    TABLE = "table"
    JSON = "json"


class EngineName(StrEnum):
    """What runs the backbone."""

    AUTO = "auto"
    TORCH = "torch"
    OPENVINO = "openvino"
    ONNX = "onnx"


class RecipeName(StrEnum):
    """Named settings of a head and its training."""

    BEST = "best"
    BEST_MMVAE = "best-mmvae"
    BEST_DROPOUT = "best-dropout"
    MMVAE = "mmvae"
    SGAL = "sgal"
    SGAL_DROPOUT = "sgal-dropout"


Weights = Annotated[
    str,
    typer.Option("--weights", "-w", help="A head: a file made by `zsl train`, or a shipped name."),
]
Attributes = Annotated[
    Path | None,
    typer.Option(
        "--attributes",
        "-a",
        help="Class table (CSV or TSV) whose classes are the candidates. Default: the head's.",
    ),
]
TopK = Annotated[int, typer.Option(min=1, help="Candidates given; at most all classes.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Photos that pass the backbone at once.")]
EngineOption = Annotated[
    EngineName, typer.Option("--engine", help="What runs the backbone. auto: the fastest installed.")
]
JsonProgress = Annotated[
    bool, typer.Option("--json-progress", help="Progress on stderr as a JSON object a line.")
]
HeadOut = Annotated[Path, typer.Option("--out", "-o", help="The new head's file, .safetensors.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
BackboneName = Annotated[str, typer.Option("--backbone", help="An embedded, torchvision or timm name.")]
BackboneWeights = Annotated[
    Path | None,
    typer.Option(help="A local .safetensors or .pth file of the backbone's weights, or its folder."),
]
SeenPenalty = Annotated[
    str | None,
    typer.Option(
        help="γ taken from the scores of seen classes: a number, or 'balanced' for the one with the "
        "best harmonic mean of seen and unseen accuracy. Default: the head's own."
    ),
]
ZslOnly = Annotated[bool, typer.Option("--zsl-only", help="Only unseen classes are candidates.")]
MinConfidence = Annotated[
    float,
    typer.Option(min=0, max=1, help="Below this probability no label is given, 0 to 1."),
]
TaxonomyTable = Annotated[
    Path | None,
    typer.Option(
        "--taxonomy",
        help="Table of the classes' groups (CSV or TSV), from fine to coarse; the answer is the "
        "finest level above --min-confidence.",
    ),
]
FeatureCache = Annotated[
    Path | None,
    typer.Option("--features", help="Parquet file that keeps the photos' features. Default: a cache."),
]
RecipeOption = Annotated[
    RecipeName, typer.Option("--recipe", help="best (ours), or a row of the paper.")
]
ReportFormatOption = Annotated[ReportFormat, typer.Option("--format", help="Form of the output.")]


def penalty_of(head: Head, seen_penalty: str | None) -> float:
    """The seen penalty γ that `--seen-penalty` asks for."""
    if seen_penalty is None:
        return head.calibration.seen_penalty
    if seen_penalty == "balanced":
        return head.calibration.balanced_seen_penalty
    try:
        return float(seen_penalty)
    except ValueError as error:
        raise typer.BadParameter(
            f"{seen_penalty!r}, expected a number or 'balanced'", param_hint="--seen-penalty"
        ) from error


def with_stdin(inputs: list[str]) -> Iterable[str]:
    """The inputs, with the lines of stdin in the place of `-`."""
    return inputs if "-" not in inputs else _lines_for_dashes(inputs)


def _lines_for_dashes(inputs: list[str]) -> Iterator[str]:
    for item in inputs:
        if item == "-":
            yield from (line.rstrip("\r\n") for line in sys.stdin if line.strip())
        else:
            yield item
