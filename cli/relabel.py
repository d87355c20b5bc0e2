"""`zsl relabel`: label photos again by the features in a feature file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zsl_images.defaults import TOP_K
from zsl_images.errors import counted

from .console import echo, label_progress
from .decision_options import Candidates
from .option_groups import AllBut, refuse
from .options import Excel, JsonProgress, LabelOut, TopK


def relabel(
    features: Annotated[Path, typer.Argument(help="Feature file written by `zsl label --features`.")],
    out: LabelOut,
    candidates: Annotated[Candidates, AllBut("backbone", "engine", "backbone_weights", "device")],
    top_k: TopK = TOP_K,
    json_progress: JsonProgress = False,
    excel: Excel = False,
) -> None:
    """Label photos again by their stored features, with another head or class table.

    No photo is opened.
    """
    if out.suffix.lower() != ".csv":
        refuse("unless --out ends in .csv", excel=excel)
    from zsl_images.labelling.relabel import relabel as relabel_features

    classifier = candidates.feature_classifier()
    with label_progress(json_progress, None, can_stop=False) as show:
        result = relabel_features(
            classifier, features, out, top_k=top_k, is_for_excel=excel, on_progress=show
        )
    echo(f"{out}: {counted(result.done, 'photo')}, {result.unlabelled} of them without a label")
    for line in result.summary.lines():
        echo(line)
