"""Labelling: folders of photos become a label file, in parts, so that nothing done is done again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import filelock
import pyarrow as pa

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.defaults import PART_ROWS, TOP_K
from zsl_images.errors import DataError, OutputError
from zsl_images.features.feature_files import features_in, open_feature_files
from zsl_images.files import check_writable, make_folder
from zsl_images.labelling.label_files import check_suffix, write_labels
from zsl_images.labelling.label_rows import Progress, label_rows, origin_of, stamps_in
from zsl_images.labelling.runs import Run


def label(
    classifier: ZeroShotClassifier,
    photos: Iterable[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    features: str | os.PathLike[str] | None = None,
    top_k: int = TOP_K,
    batch_size: int = 32,
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
        on_progress: told after each batch.
        should_stop: asked before each photo; on True the photos in hand are finished and written.

    Returns:
        What the run came to; not complete where it was stopped.

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
    parts = make_folder(out.with_name(out.name + ".parts"))
    try:
        with _lock(parts / ".lock", out), _lock(kept and kept.with_name(f".{kept.name}.lock"), kept):
            run = Run(classifier, out, parts, kept, top_k, is_strict)
            is_done = run.label(photos, batch_size, part_rows, on_progress, should_stop)
            if is_done and not run.progress.done:  # an empty folder, or a disk that is not mounted
                raise DataError(f"no photos to label; {out} was not touched")
            if is_done:
                run.join(prune)
            return replace(run.progress, is_complete=is_done)
    finally:
        if parts.exists() and {path.name for path in parts.iterdir()} <= {".lock"}:
            shutil.rmtree(parts, ignore_errors=True)


@contextmanager
def _lock(path: Path | None, target: Path | None) -> Iterator[None]:
    """Keep other runs off `target` by a lock file; nothing where there is none."""
    if path is None:
        yield
        return
    lock = filelock.FileLock(path)
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout as error:
        message = f"another run is writing {target}; wait for it, or name another file"
        raise OutputError(message) from error
    except OSError as error:
        raise OutputError(f"cannot lock {target}: {error.strerror or error}") from error
    try:
        yield
    finally:
        lock.release()


def relabel(
    classifier: ZeroShotClassifier,
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
        on_progress: told after each part.

    Raises:
        DataError: no feature file, or of another backbone than the head's.
        OutputError: `out` cannot be written.
    """
    check_suffix(out)
    kept = open_feature_files([Path(features)], classifier.head.backbone.fingerprint)
    if not len(kept):
        raise DataError(f"no features in {features}; make some with `zsl label --features`")
    origin = origin_of(classifier, top_k)
    progress = Progress()

    def tables() -> Iterator[pa.Table]:
        nonlocal progress
        for rows in kept.latest():
            table = label_rows(stamps_in(rows), features_in(rows), classifier, top_k, origin)
            progress = progress.with_rows(table)
            on_progress(progress)
            yield table

    write_labels(tables(), out)
    return replace(progress, is_complete=True)
