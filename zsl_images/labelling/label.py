"""Labelling: folders of photos become a label file, in parts, so that nothing done is done again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.defaults import BATCH_SIZE, PART_ROWS, TOP_K
from zsl_images.errors import DataError
from zsl_images.features.feature_files import features_in, open_feature_files
from zsl_images.files import check_writable
from zsl_images.head.feature_classifier import FeatureClassifier
from zsl_images.labelling.label_files import check_suffix, write_labels
from zsl_images.labelling.label_rows import decision_rows, origin_of, stamps_in
from zsl_images.labelling.part_files import PartFolder
from zsl_images.labelling.runs import Progress, Run, Stop


def label(
    classifier: ZeroShotClassifier,
    photos: Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    features: str | os.PathLike[str] | None = None,
    top_k: int = TOP_K,
    batch_size: int = BATCH_SIZE,
    part_rows: int = PART_ROWS,
    is_strict: bool = False,
    prune: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Progress:
    """Label any number of photos into a file, in constant memory.

    Rows are written in parts into the folder `OUT.parts`, and joined into `out` at the end. A photo
    that has a row already, in a part or in `out`, made by the same head and backbone, is not labelled
    again unless its size or time of change is another; rows of photos that are not among `photos` stay.

    Args:
        classifier: says what photos show.
        photos: paths, in an order that is the same in each run, each once.
        out: a label file, see `labels`.
        features: a feature file; photos that have a row in it are not opened, and others get one.
        top_k: candidates of a row.
        batch_size: photos that pass the backbone at once.
        part_rows: photos of a part.
        is_strict: whether a photo that cannot be read ends the run.
        prune: whether rows of photos that are not among `photos` are dropped.
        on_progress: Called after each batch.
        should_stop: asked before each photo; on True the photos in hand are finished and written.

    Returns:
        The result of the run; not complete if it was stopped.

    Raises:
        ImageError: a photo cannot be read, and `is_strict`.
        DataError: `out` or `features` is something else than it should be, or there are no photos.
        OutputError: something cannot be written, or another run is writing `out`.
    """
    out = Path(out)
    check_suffix(out)
    kept = Path(features) if features is not None else None
    if kept and kept.resolve() == out.resolve():
        raise DataError(f"{out} cannot hold both labels and features; name two files")
    for target in filter(None, (out, kept)):
        check_writable(target)
    stop = Stop(should_stop)
    with PartFolder.locked(out, kept):
        parts = PartFolder(out, kept, classifier.head.backbone.fingerprint)
        run = Run(classifier, parts, top_k, is_strict)
        run.label(photos, batch_size, part_rows, on_progress, stop)
        if stop.is_set:
            return run.progress
        if not run.progress.done:  # an empty folder, or a disk that is not mounted
            raise DataError(f"no photos to label; {out} was not touched")
        run.join(prune)
        return replace(run.progress, is_complete=True)


def relabel(
    classifier: FeatureClassifier,
    features: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    top_k: int = TOP_K,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Label photos by their kept features, without opening one.

    Args:
        classifier: says what photos show; its backbone is not used.
        features: a feature file, as `label` writes it.
        out: a label file, see `labels`.
        top_k: candidates of a row.
        on_progress: Called after each part.

    Raises:
        DataError: no feature file, or of another backbone than the head's.
        OutputError: `out` cannot be written.
    """
    check_suffix(out)
    kept = open_feature_files([Path(features)], classifier.head.backbone.fingerprint)
    if not len(kept):
        raise DataError(f"no features in {features}; make some with `zsl label --features`")
    decide, origin = classifier.decider(top_k), origin_of(classifier, top_k)
    progress = Progress()

    def tables() -> Iterator[pa.Table]:
        nonlocal progress
        for rows in kept.latest():
            table = decision_rows(stamps_in(rows), decide(features_in(rows)), origin)
            progress = progress.with_rows(table)
            on_progress(progress)
            yield table

    write_labels(tables(), out)
    return replace(progress, is_complete=True)
