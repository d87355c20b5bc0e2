"""Extraction: photos become features, the expensive half of the work, done once per photo."""

from __future__ import annotations

import hashlib
import os
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from itertools import count as numbers_from
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from zsl_images.arguments import count
from zsl_images.defaults import BATCH_SIZE
from zsl_images.errors import (
    ClassTableError,
    DataError,
    ImageError,
    PhotoWarning,
    counted,
    listed,
)
from zsl_images.features.backbones import Backbone
from zsl_images.features.cpu_cores import usable_cores
from zsl_images.features.decoding import ImageLike, decoded
from zsl_images.features.photo_paths import find_images, find_labelled_images
from zsl_images.features.skipped_files import LeftOut
from zsl_images.features.stamps import stamp_of
from zsl_images.files import cache_folder
from zsl_images.names import matched
from zsl_images.progress import OnStep, StepRecord
from zsl_images.results import Failure, PhotoFacts


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Features of N images.

    Args:
        features: (N, D) float32; rounded to float16, so that cached and new features are the same.
        paths: (N,) path of each image.
        failures: Images that could not be read; they have no row.

    Raises:
        DataError: The number of rows and of paths differ.
    """

    features: npt.NDArray[np.float32]
    paths: tuple[str, ...]
    failures: tuple[Failure, ...] = ()

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or len(self.features) != len(self.paths):
            raise DataError(
                f"features of shape {self.features.shape} for {len(self.paths)} paths; "
                "expected one row per path"
            )

    def __len__(self) -> int:
        return len(self.paths)

    def __repr__(self) -> str:
        return f"FeatureSet({counted(len(self), 'image')}, {counted(len(self.failures), 'failure')})"


def extract_features(
    paths: Sequence[str | os.PathLike[str]],
    backbone: Backbone,
    cache: str | os.PathLike[str] | None = None,
    batch_size: int = BATCH_SIZE,
    on_step: OnStep | None = None,
) -> FeatureSet:
    """Features of image files, in the order of `paths`.

    Args:
        paths: Image files.
        backbone: Backbone that makes the features.
        cache: Parquet file of features. Images in it whose size and modification time have not changed
            are not opened again. It is written at the end, and if the work is interrupted.
        batch_size: Images that pass the backbone at once.
        on_step: Called after each batch.

    Returns:
        A row for each image that could be read, and a failure for each that could not.

    Raises:
        DataError: The cache was made with another backbone, or is no feature cache.
        OutputError: A cache outside the cache folder cannot be written.
    """
    names = [str(path) for path in paths]
    from zsl_images.features.feature_cache import FeatureCache  # takes pyarrow, answers do without

    kept = FeatureCache(Path(cache) if cache is not None else None, backbone)
    stamps = {name: stamp_of(name) for name in names}
    feature_of = kept.find(stamps)
    fresh = [name for name in stamps if name not in feature_of]
    failures: list[Failure] = []
    done, total, known = len(names) - len(fresh), len(names), len(feature_of)
    report = on_step or (lambda record: None)
    report(StepRecord("features", done, total))
    try:
        for batch, features in stream_features(fresh, backbone, batch_size):
            for name, feature in zip(batch, features, strict=True):
                if isinstance(feature, ImageError):
                    failures.append(Failure(name, str(feature)))
                else:
                    feature_of[name] = feature
            done += len(batch)
            report(StepRecord("features", done, total))
    finally:
        if len(feature_of) > known:
            kept.write([stamps[name] for name in feature_of], list(feature_of.values()))
    readable = [name for name in names if name in feature_of]
    rows = [feature_of[name] for name in readable]
    stacked = np.stack(rows) if rows else np.empty((0, backbone.feature_dim), np.float16)
    return FeatureSet(stacked.astype(np.float32), tuple(readable), tuple(failures))


Item = TypeVar("Item", bound=ImageLike)


def stream_features(
    images: Iterable[Item],
    backbone: Backbone,
    batch_size: int = BATCH_SIZE,
    note: Callable[[int, PhotoFacts], None] | None = None,
) -> Iterator[tuple[list[Item], list[npt.NDArray[np.float16] | ImageError]]]:
    """Batches of images, each image with its feature (D,) or the reason why it cannot be read.

    Three things happen at once, each on its own batches: one thread per core decodes images, the
    backbone runs, and the caller works on the results. Only a few batches are in memory at any time,
    however many images there are.

    Args:
        images: Images of any kind; read only as far as needed.
        backbone: Backbone that opens the photos and makes the features.
        batch_size: Images that pass the backbone at once.
        note: Called, by the thread that decodes it, with the number of each image that can be read,
            counted from 0, and what its file says of it.
    """
    batches = _batched(images, count("batch_size", batch_size))
    first = next(batches, None)
    if first is None:  # then no engine is made, which would take a while
        return
    engine = backbone.engine
    decoders = ThreadPoolExecutor(usable_cores())
    runners = ThreadPoolExecutor(engine.concurrency)
    decoding: deque[tuple[list[Item], list[Future[npt.NDArray[np.uint8] | ImageError]]]] = deque()
    running: deque[tuple[list[Item], Future[list[npt.NDArray[np.float16] | ImageError]]]] = deque()

    numbers = numbers_from(0)

    def decode(number: int, image: Item) -> npt.NDArray[np.uint8] | ImageError:
        return decoded(image, backbone, partial(note, number) if note else None)

    def start_running() -> None:
        batch, pictures = decoding.popleft()
        made = [picture.result() for picture in pictures]
        running.append((batch, runners.submit(picture_features, made, backbone)))

    try:
        for batch in chain([first], batches):
            decoding.append((batch, [decoders.submit(decode, next(numbers), image) for image in batch]))
            if len(decoding) > 2:
                start_running()
            if len(running) > engine.concurrency:
                done, features = running.popleft()
                yield done, features.result()
        while decoding:
            start_running()
        for done, features in running:
            yield done, features.result()
    finally:
        for pool in (decoders, runners):
            pool.shutdown(wait=False, cancel_futures=True)


def _batched(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    batch: list[Item] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def picture_features(
    pictures: list[npt.NDArray[np.uint8] | ImageError], backbone: Backbone
) -> list[npt.NDArray[np.float16] | ImageError]:
    """The feature of each picture, in their order; errors stay in their places."""
    good = [picture for picture in pictures if not isinstance(picture, ImageError)]
    rows = iter(backbone.features(np.stack(good)).astype(np.float16) if good else ())
    return [picture if isinstance(picture, ImageError) else next(rows) for picture in pictures]


def folder_features(
    photos: str | os.PathLike[str],
    backbone: Backbone,
    cache: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> FeatureSet:
    """Features of the photos in a folder, sorted or not.

    Args:
        photos: Folder, or another input of `find_images`.
        backbone: Backbone that makes the features.
        cache: See `extract_features`. Default: `default_cache`.
        on_step: Called after each batch.

    Returns:
        N features; subfolders that cannot be read are among the failures.

    Raises:
        DataError: There is no such folder.
    """
    left_out = LeftOut()
    paths = list(find_images([photos], left_out))
    return _kept_features(paths, photos, backbone, cache, on_step, left_out)


WITHOUT_LABEL = ("unknown", "unlabelled")
"""Folders of a sorted copy for photos without a label."""


def labelled_features(
    photos: str | os.PathLike[str],
    names: Sequence[str],
    backbone: Backbone,
    cache: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
    *,
    are_others_classes: bool = False,
) -> tuple[FeatureSet, tuple[str, ...]]:
    """Features of photos in class folders, and the class of each row.

    A folder `unknown` or `unlabelled`, as sorted copies have them, is left out with a warning.

    Args:
        photos: Folder with one folder of photos per class; see `names.matched` for how folders are
            matched to classes.
        names: Classes that may occur.
        backbone: Backbone that makes the features.
        cache: See `extract_features`. Default: `default_cache`.
        on_step: Called after each batch.
        are_others_classes: Whether a folder that is none of `names` is a class all the same.

    Returns:
        N features, and for each its class, as `names` spells it; folders that cannot be read are among
        the failures.

    Raises:
        ClassTableError: The name of a folder is none of the classes, or two folders mean one class.
        DataError: No photo can be read.
    """
    left_out = LeftOut()
    classes = find_labelled_images(photos, left_out)
    row_name = matched(classes, names, "the class table")
    if skipped := [name for name in WITHOUT_LABEL if name in classes and name not in row_name]:
        many = sum(len(classes.pop(name)) for name in skipped)
        message = f"{photos}: {many} photos in {' and '.join(skipped)} have no label, and are left out"
        warnings.warn(message, PhotoWarning, stacklevel=2)
    without_row = [name for name in classes if name not in row_name]
    if are_others_classes:
        row_name |= {name: name for name in without_row}
    elif without_row:
        raise ClassTableError(
            f"{photos}: no row in the class table for {counted(len(without_row), 'folder')}: "
            f"{listed(without_row, names)}; add rows, or move the folders away"
        )
    class_of = {str(path): row_name[name] for name, paths in classes.items() for path in paths}
    features = _kept_features(list(class_of), photos, backbone, cache, on_step, left_out)
    if not len(features):
        raise DataError(f"no photo in {photos} can be read ({counted(len(class_of), 'file')} tried)")
    return features, tuple(class_of[path] for path in features.paths)


def _kept_features(
    paths: Sequence[str | os.PathLike[str]],
    photos: str | os.PathLike[str],
    backbone: Backbone,
    cache: str | os.PathLike[str] | None,
    on_step: OnStep | None,
    left_out: LeftOut,
) -> FeatureSet:
    """Features of the photos that were found in `photos`, kept for the next run."""
    left_out.warn()
    where = cache if cache is not None else default_cache(photos, backbone)
    features = extract_features(paths, backbone, where, on_step=on_step)
    return replace(features, failures=(*features.failures, *left_out.failures()))


def default_cache(photos: str | os.PathLike[str], backbone: Backbone) -> Path:
    """The feature cache of a folder of photos, in the user's cache folder or $ZSL_CACHE.

    Each backbone and engine has its own, since the features of two engines differ a little.
    """
    made_by = f"{backbone.fingerprint} {backbone.engine_name}"
    key = hashlib.sha256(os.fsencode(f"{Path(photos).resolve()} {made_by}")).hexdigest()
    return cache_folder() / "features" / f"{backbone.name}-{key[:16]}.features.parquet"
