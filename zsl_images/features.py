"""Features: the costly half of the work, done once for each image and kept."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from PIL import Image
from torch import Tensor

from zsl_images.backbones import Backbone
from zsl_images.errors import DataError, ImageError
from zsl_images.files import check_writable, make_folder, path_text, replacing
from zsl_images.images import check_strip, read_image, to_rgb
from zsl_images.kept import STAMP, KeptRows, Stamp
from zsl_images.labels import write_parquet
from zsl_images.results import Failure, StepRecord

ImageLike = str | os.PathLike[str] | Image.Image | npt.NDArray[Any]
"""An image as a path, as a PIL image, or as an array (see `images.to_rgb`)."""

OnStep = Callable[[StepRecord], None]
"""Told of every step of long work."""


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """Features of N images.

    Args:
        features: (N, D) float32; rounded to float16, so that kept and fresh features are the same.
        paths: (N,) where each image lies.
        failures: the images that could not be read; they have no row.
    """

    features: npt.NDArray[np.float32]
    paths: tuple[str, ...]
    failures: tuple[Failure, ...] = ()

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or len(self.features) != len(self.paths):
            raise DataError(
                f"features of shape {self.features.shape} for {len(self.paths)} paths; "
                "expected one row a path"
            )

    def __len__(self) -> int:
        return len(self.paths)


def extract_features(
    paths: Sequence[str | os.PathLike[str]],
    backbone: Backbone,
    cache: str | os.PathLike[str] | None = None,
    batch_size: int = 32,
    on_step: OnStep | None = None,
) -> FeatureSet:
    """Features of image files, in the order of `paths`.

    Args:
        paths: image files.
        backbone: turns them into features.
        cache: a Parquet file that keeps features; images in it whose size and time of change are as
            they were are not opened again. Written at the end, and when the work is interrupted.
        batch_size: images that pass the backbone at once.
        on_step: told after each batch.

    Returns:
        A row for each image that could be read, and a failure for each that could not.

    Raises:
        DataError: the cache is of another backbone, or no feature cache.
        OutputError: the cache cannot be written.
    """
    names = [str(path) for path in paths]
    if cache is not None:
        make_folder(Path(cache).parent)
        check_writable(cache)
    kept = kept_features([Path(cache)] if cache is not None else [], backbone.fingerprint)
    stamps = {name: stamp_of(name) for name in names}
    places = {name: kept.find(stamp) for name, stamp in stamps.items()}
    found = [name for name, place in places.items() if place]
    taken = kept.take(place for place in places.values() if place)
    feature_of = dict(zip(found, features_in(taken), strict=True)) if taken else {}
    fresh = [name for name in stamps if name not in feature_of]
    failures: list[Failure] = []
    done = len(names) - len(fresh)
    report = on_step or (lambda record: None)
    report(StepRecord("features", done, len(names)))
    try:
        for batch, features in stream_features(fresh, backbone, batch_size):
            for name, feature in zip(batch, features, strict=True):
                if isinstance(feature, ImageError):
                    failures.append(Failure(name, str(feature)))
                else:
                    feature_of[name] = feature
            done += len(batch)
            report(StepRecord("features", done, len(names)))
    finally:
        if cache is not None and len(feature_of) > len(found):
            new = feature_table([stamps[n] for n in feature_of], list(feature_of.values()), backbone)
            with replacing(cache) as temporary:
                write_features(chain(kept.latest(is_named=False), [new]), new.schema, temporary)
    readable = [name for name in names if name in feature_of]
    rows = [feature_of[name] for name in readable]
    stacked = np.stack(rows) if rows else np.empty((0, backbone.feature_dim), np.float16)
    return FeatureSet(stacked.astype(np.float32), tuple(readable), tuple(failures))


Item = TypeVar("Item", bound=ImageLike)


def stream_features(
    images: Iterable[Item], backbone: Backbone, batch_size: int = 32
) -> Iterator[tuple[list[Item], list[npt.NDArray[np.float16] | ImageError]]]:
    """Batches of images with, for each, its feature (D,) or the reason why it cannot be read.

    Three things go on at once, each on batches of its own: images are decoded, by a thread for each
    core; the backbone works; and the caller does what it does with the results. No more than a few
    batches are held, however many images there are.
    """
    batches = _batched(images, batch_size)
    first = next(batches, None)
    if first is None:  # an engine takes a while to make
        return
    engine = backbone.engine
    decoders = ThreadPoolExecutor(os.cpu_count() or 1)
    runners = ThreadPoolExecutor(engine.concurrency)
    decoding: deque[tuple[list[Item], list[Future[Tensor | ImageError]]]] = deque()
    running: deque[tuple[list[Item], Future[list[npt.NDArray[np.float16] | ImageError]]]] = deque()

    def start_running() -> None:
        batch, pictures = decoding.popleft()
        decoded = [picture.result() for picture in pictures]
        running.append((batch, runners.submit(_features, decoded, backbone)))

    try:
        for batch in chain([first], batches):
            decoding.append((batch, [decoders.submit(decoded, i, backbone) for i in batch]))
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


def decoded(image: ImageLike, backbone: Backbone) -> Tensor | ImageError:
    """An image as the backbone takes it, uint8 (3, H, W), or why it cannot be read."""
    try:
        if isinstance(image, str | os.PathLike):
            picture = read_image(image, backbone.least_side)
        else:
            picture = to_rgb(image)
        check_strip(picture, backbone.least_side)
        return backbone.transform(picture)
    except ImageError as error:
        return error
    except (MemoryError, RuntimeError) as error:  # of the transform, which knows no better
        return ImageError(f"{image}: cannot be brought to size ({error})")


def _features(
    pictures: list[Tensor | ImageError], backbone: Backbone
) -> list[npt.NDArray[np.float16] | ImageError]:
    """The features of pictures, in their order, with errors left in their places."""
    good = [picture for picture in pictures if isinstance(picture, Tensor)]
    rows = iter(backbone.features(torch.stack(good)).numpy().astype(np.float16) if good else ())
    return [picture if isinstance(picture, ImageError) else next(rows) for picture in pictures]


def stamp_of(path: str | os.PathLike[str]) -> Stamp:
    """A photo as it is now; zeros for a file that is not there."""
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return Stamp(path_text(path), 0, 0)
    return Stamp(path_text(path), status.st_size, status.st_mtime_ns)


def feature_table(
    stamps: Sequence[Stamp], features: Sequence[npt.NDArray[np.float16]], backbone: Backbone
) -> pa.Table:
    """Rows of a feature file: for each photo its stamp and its feature (D,), the bytes of float16."""
    width = 2 * backbone.feature_dim
    flat = np.concatenate(features).astype("<f2") if features else np.empty(0, "<f2")
    feature = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), len(stamps), [None, pa.py_buffer(flat)]
    )  # read ten times faster than a list of numbers
    columns = zip(*stamps, strict=True) if stamps else ((), (), ())
    return pa.table(
        {
            **{
                name: pa.array(values, pa.string() if name == "path" else pa.int64())
                for name, values in zip(STAMP, columns, strict=True)
            },
            "feature": feature,
        },
        metadata={"backbone": backbone.fingerprint, "backbone_name": backbone.name},
    )


def write_features(tables: Iterable[pa.Table], schema: pa.Schema, path: Path) -> None:
    """Write tables made by `feature_table` as one Parquet file."""
    write_parquet((table.cast(schema) for table in tables), schema, path, 4096, compression="none")


def features_in(table: pa.Table) -> npt.NDArray[np.float16]:
    """The features (N, D) in rows of a feature file."""
    column = table["feature"].combine_chunks()
    width: int = column.type.byte_width
    values = np.frombuffer(column.buffers()[1], np.uint8)[column.offset * width :]
    return values[: len(table) * width].view("<f2").reshape(len(table), width // 2)


def kept_features(files: Sequence[Path], fingerprint: str) -> KeptRows:
    """The features in those of the files that exist.

    Raises:
        DataError: a file is no feature file, or of another backbone or preprocessing.
    """
    files = [file for file in files if file.exists()]
    kept = KeptRows(files, columns=[*STAMP, "feature"])
    for file in files:
        found = (pq.read_schema(file).metadata or {}).get(b"backbone", b"").decode()
        if found != fingerprint:
            raise DataError(
                f"the features in {file} were made by another backbone or preprocessing than the one "
                "in use; remove it, or name another file"
            )
    return kept
