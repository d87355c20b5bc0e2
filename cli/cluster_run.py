"""`zsl label --cluster`: label the photos of a manifest on many machines."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

import typer

from zsl_images.errors import DataError, counted

from .console import echo, finish_with, usage_errors
from .decision_options import Candidates
from .option_groups import refuse
from .options import needs


class Cluster(StrEnum):
    """What runs the work on many machines."""

    RAY = "ray"


@dataclass(frozen=True)
class ClusterOptions:
    """Whether a cluster labels the photos, and with how many workers."""

    cluster: Annotated[
        Cluster | None,
        typer.Option(
            help="Label the photos of one manifest (.parquet) on the Ray cluster that $RAY_ADDRESS "
            f"names, or on this machine. --out is then a folder. Needs {needs('ray')}; s3:// also "
            f"needs {needs('s3')}, gs:// {needs('gs')}."
        ),
    ] = None
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="Workers of --cluster with a backbone. Default: one per GPU or two cores."
        ),
    ] = None

    def __post_init__(self) -> None:
        if self.cluster is None:
            refuse("without --cluster", workers=self.workers is not None)

    def run(
        self, photos: list[str], out: str, candidates: Candidates, top_k: int, batch_size: int
    ) -> None:
        """Label the photos of the manifest, and say what they show."""
        with usage_errors():
            if len(photos) != 1 or not photos[0].lower().endswith(".parquet"):
                raise DataError("--cluster takes one manifest (.parquet); write it with `zsl manifest`")
            if out.lower().endswith((".csv", ".jsonl")):
                raise DataError(f"{out}: with --cluster, --out is a folder of Parquet files")
        classifier = candidates.classifier()
        from zsl_images.cluster.ray_label import label_on_ray

        result = label_on_ray(
            classifier, photos[0], out, top_k=top_k, batch_size=batch_size, workers=self.workers
        )
        echo(
            f"{out}: {counted(result.done, 'photo')}, {result.kept} of them labelled before; "
            f"{result.unlabelled} without a label, {result.failures} could not be read"
        )
        for line in result.summary.lines():
            echo(line)
        finish_with(result.failures)
