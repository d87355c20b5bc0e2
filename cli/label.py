"""`zsl label`: label folders of photos into a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zsl_images.defaults import BATCH_SIZE, LABEL_SUFFIXES, TOP_K
from zsl_images.errors import DataError, counted
from zsl_images.labelling.export_options import Outputs

from .cluster_run import ClusterOptions
from .console import INTERRUPTED, echo, finish_with, label_progress, usage_errors
from .decision_options import Candidates
from .option_groups import changed, refuse
from .options import BatchSize, Excel, JsonProgress, TopK, images_in, needs

if TYPE_CHECKING:
    from zsl_images.features.skipped_files import LeftOut
    from zsl_images.labelling.runs import Progress
    from zsl_images.results import Failure

_SHOWN = 5
"""Number of photos shown that could not be exported; the others are counted."""

Photos = Annotated[
    list[str],
    typer.Argument(
        metavar="PHOTO...",
        help="Folders, files, globs, archives of photos (.tar, or .parquet with a column image), lists "
        "of photos (.txt, or .parquet with a column path), or - for stdin. HEIC photos "
        f"need {needs('heif')}, RAW files {needs('raw')}.",
    ),
]
LabelPlace = Annotated[
    str,
    typer.Option(
        "--out",
        "-o",
        help=f"Label file to write ({', '.join(LABEL_SUFFIXES)}); with --cluster a folder, or an "
        "address such as s3://bucket/labels.",
    ),
]
FeatureFile = Annotated[
    Path | None,
    typer.Option(
        help="Feature file (.parquet) to write for `zsl relabel`; photos already in it are not opened."
    ),
]


def label(
    photos: Photos,
    out: LabelPlace,
    candidates: Candidates,
    outputs: Outputs,
    cluster: ClusterOptions,
    top_k: TopK = TOP_K,
    features: FeatureFile = None,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Label only the I-th of N shares of the photos; `zsl merge` joins the label files.",
        ),
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first photo that cannot be read.")
    ] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Drop rows of photos that are gone.")] = False,
    json_progress: JsonProgress = False,
    batch_size: BatchSize = BATCH_SIZE,
    excel: Excel = False,
) -> None:
    """Label folders of photos into a file; run it again to continue.

    Photos that already have a row are not opened again unless they changed.
    An unreadable photo gets a row with the reason, and is retried on the next
    run after a completed one. Exit code 3 means some could not be read.
    """
    if cluster.cluster:
        refuse("with --cluster", features=features is not None, shard=shard is not None)
        refuse("with --cluster", strict=strict, prune=prune, excel=excel, json_progress=json_progress)
        refuse("with --cluster", burst=candidates.burst is not None, **changed(outputs))
        cluster.run(photos, out, candidates, top_k, batch_size)
        return
    if not out.lower().endswith(".csv"):
        refuse("unless --out ends in .csv", excel=excel)
    from zsl_images.labelling.shards import Shard

    with usage_errors():
        share = Shard.of(shard) if shard else Shard()
        outputs.check(photos, out, features=features, prune=prune)
    paths, left_out = images_in(photos)
    classifier = candidates.classifier()

    from zsl_images.features.photo_paths import find_images
    from zsl_images.features.skipped_files import LeftOut
    from zsl_images.labelling.label import label as label_photos

    count = None if "-" in photos else lambda: sum(map(share.has, find_images(photos, LeftOut())))
    if prune:
        paths = _all_readable(paths, left_out)
    with label_progress(json_progress, count) as show:
        result = label_photos(
            classifier,
            paths,
            out,
            features=features,
            shard=shard,
            top_k=top_k,
            batch_size=batch_size,
            is_strict=strict,
            prune=prune,
            is_for_excel=excel,
            on_progress=show,
            should_stop=show.is_interrupted,
        )
        show(result)
    if not result.is_complete:
        typer.echo(
            f"stopped after {counted(result.done, 'photo')}; run the same command to continue", err=True
        )
        raise typer.Exit(INTERRUPTED)
    on_stderr = not json_progress  # each line there is an object
    _tell(result, out, on_stderr)
    head = classifier.head.table.names
    classes = [*head, *(name for name in classifier.table.names if name not in head)]
    failures: list[Failure] = []
    for line in outputs.write(
        out, inputs=photos, classes=classes, features=features, on_failure=failures.append
    ):
        echo(line)
    for failure in failures[:_SHOWN]:
        echo(failure.reason, err=on_stderr)
    if len(failures) > _SHOWN:
        echo(f"and {len(failures) - _SHOWN} more", err=on_stderr)
    finish_with(result.failures + result.gone + len(failures), left_out, err=on_stderr)


def _tell(result: Progress, out: str | Path, on_stderr: bool) -> None:
    """Print what became of the photos; why some could not be read goes to stderr, if that is free."""
    echo(
        f"{out}: {counted(result.done, 'photo')}, {result.kept} of them labelled before; "
        f"{result.unlabelled} without a label, {result.failures} could not be read"
    )
    for line in result.summary.lines():
        echo(line)
    for line in result.summary.failure_lines():
        echo(line, err=on_stderr)
    if result.changed:
        echo(
            f"labelled anew: {counted(result.changed, 'photo')} with another size or time than in "
            f"{out}; either a photo was changed, or a spreadsheet rounded the times"
        )
    if result.gone:
        echo(f"not there now: {counted(result.gone, 'photo')}; earlier rows stay as they were")


def _all_readable(photos: Iterator[Path], left_out: LeftOut) -> Iterator[Path]:
    """The photos, if all folders can be read.

    Raises:
        DataError: A folder cannot be read, so the rows of its photos would be dropped.
    """
    yield from photos
    if left_out.folders:
        raise DataError(f"--prune would drop rows of photos that are still there; {left_out}")
