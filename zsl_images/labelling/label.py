"""Labelling: photos become a label file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from zsl_images.arguments import check_path, check_type, count
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.defaults import BATCH_SIZE, PART_ROWS, TOP_K
from zsl_images.errors import DataError
from zsl_images.features.photo_paths import find_images
from zsl_images.features.skipped_files import LeftOut
from zsl_images.files import check_writable
from zsl_images.labelling.label_files import check_suffix
from zsl_images.labelling.part_files import PartFolder
from zsl_images.labelling.runs import Progress, Run, Stop
from zsl_images.labelling.shards import Shard


def label(
    classifier: ZeroShotClassifier,
    photos: Iterable[str | os.PathLike[str]] | str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    features: str | os.PathLike[str] | None = None,
    shard: str | None = None,
    top_k: int = TOP_K,
    batch_size: int = BATCH_SIZE,
    part_rows: int = PART_ROWS,
    is_strict: bool = False,
    prune: bool = False,
    is_for_excel: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Progress:
    """Label any number of photos into a file, in constant memory.

    Rows are written in parts into the folder `OUT.parts` and joined into `out` at the end. A photo is
    skipped if a part or `out` already has its row, made by the same head and backbone, and its size
    and modification time have not changed. Rows of photos that are not among `photos` are kept.

    Args:
        classifier: Classifier with its candidates and settings.
        photos: Folders, files, patterns and lists, or one of them, as `find_images` takes them; or an
            iterator of photo paths, each once, in the same order in every run.
        out: Label file to write, see `label_files`.
        features: Feature file; photos that have a row in it are not opened, the others get one.
        shard: `I/N` to label only the I-th of N shares of the photos, see `Shard`; `merge` joins the
            label files. Default: all photos.
        top_k: Number of candidates per row.
        batch_size: Photos that pass the backbone at once.
        part_rows: Photos per part.
        is_strict: Whether a photo that cannot be read ends the run.
        prune: Whether to drop rows of photos that are not among `photos`.
        is_for_excel: Whether a CSV file begins with a byte order mark, as Excel needs it.
        on_progress: Called after each batch.
        should_stop: Called before each photo; if True, the photos in progress are finished and written.

    Returns:
        The result of the run; not complete if it was stopped.

    Raises:
        ImageError: A photo cannot be read, and `is_strict` is set.
        DataError: `out` is no label file, `features` is no feature file, an input is missing, there
            are no photos, `shard` is none, or `prune` is set and a folder cannot be read.
        OutputError: A file cannot be written, or another run is writing it.
    """
    left_out = LeftOut()
    check_type("classifier", classifier, ZeroShotClassifier)
    if features is not None:
        check_path("the path of a feature file", features, DataError)
    photos = _found(photos, left_out)
    for name, value in (("batch_size", batch_size), ("part_rows", part_rows)):
        count(name, value)
    share = Shard.of(shard) if shard is not None else Shard()
    given = _Counted(photos)
    check_suffix(out)
    out = Path(out)
    kept = Path(features) if features is not None else None
    if kept and kept.resolve() == out.resolve():
        raise DataError(f"{out} cannot hold both labels and features; name two files")
    for target in filter(None, (out, kept)):
        check_writable(target)
    stop = Stop(should_stop)
    with PartFolder.locked(out, kept):
        parts = PartFolder(out, kept, classifier.backbone)
        run = Run(classifier, parts, top_k, is_strict)
        run.label(filter(share.has, given), batch_size, part_rows, on_progress, stop)
        if stop.is_set:
            return run.progress
        if not given.count:  # an empty folder, or a disk that is not mounted
            raise DataError(f"no photos to label; {out} was not touched")
        if prune and left_out.folders:
            raise DataError(f"prune would drop rows of photos that are still there; {left_out}")
        run.join(prune, is_for_excel)
        left_out.warn()
        return replace(run.progress, is_complete=True)


class _Counted:
    """Photos, and the number of those that were taken so far."""

    def __init__(self, photos: Iterable[str | os.PathLike[str]]) -> None:
        self._photos, self.count = photos, 0

    def __iter__(self) -> Iterator[str | os.PathLike[str]]:
        for photo in self._photos:
            self.count += 1
            yield photo


def _found(
    photos: Iterable[str | os.PathLike[str]] | str | os.PathLike[str], left_out: LeftOut
) -> Iterable[str | os.PathLike[str]]:
    """The photos in what a caller gave; see `label`."""
    if isinstance(photos, str | os.PathLike):
        photos = [photos]
    if not isinstance(photos, Iterable):
        check_path("photos, or a folder of them", photos, DataError)
    if isinstance(photos, Sequence):
        return find_images(photos, left_out)
    return photos
