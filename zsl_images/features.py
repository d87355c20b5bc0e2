"""Features: the costly half of the work, done once for each image and kept."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
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
from zsl_images.files import check_writable, make_folder, replacing
from zsl_images.images import read_image, to_rgb
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
    kept = _read_cache(Path(cache), backbone) if cache is not None else {}
    stamps = {name: _stamp(name) for name in names}
    fresh = [name for name in dict.fromkeys(names) if (name, *stamps[name]) not in kept]
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
                    kept[name, *stamps[name]] = feature
            done += len(batch)
            report(StepRecord("features", done, len(names)))
    finally:
        if cache is not None and fresh:
            _write_cache(Path(cache), kept, backbone)
    readable = [name for name in names if (name, *stamps[name]) in kept]
    rows = [kept[name, *stamps[name]] for name in readable]
    stacked = np.stack(rows) if rows else np.empty((0, backbone.feature_dim), np.float16)
    return FeatureSet(stacked.astype(np.float32), tuple(readable), tuple(failures))


Item = TypeVar("Item", bound=ImageLike)


def stream_features(
    images: Iterable[Item], backbone: Backbone, batch_size: int = 32
) -> Iterator[tuple[list[Item], list[npt.NDArray[np.float16] | ImageError]]]:
    """Batches of images with, for each, its feature (D,) or the reason why it cannot be read.

    Images are decoded by a thread for each core while the backbone works on earlier ones; never more
    than three batches are held.
    """
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        waiting: deque[tuple[list[Item], list[Any]]] = deque()
        try:
            for batch in _batched(images, batch_size):
                waiting.append((batch, [pool.submit(_transformed, i, backbone) for i in batch]))
                if len(waiting) > 2:
                    yield _finished(*waiting.popleft(), backbone)
            while waiting:
                yield _finished(*waiting.popleft(), backbone)
        finally:
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


def _transformed(image: ImageLike, backbone: Backbone) -> Tensor | ImageError:
    try:
        is_path = isinstance(image, str | os.PathLike)
        return backbone.transform(read_image(image) if is_path else to_rgb(image))  # type: ignore[arg-type]
    except ImageError as error:
        return error


def _finished(
    batch: list[Item], futures: list[Any], backbone: Backbone
) -> tuple[list[Item], list[npt.NDArray[np.float16] | ImageError]]:
    tensors = [future.result() for future in futures]
    results: list[Any] = list(tensors)
    good = [index for index, tensor in enumerate(tensors) if isinstance(tensor, Tensor)]
    if good:
        features = backbone.features(torch.stack([tensors[index] for index in good]))
        for index, feature in zip(good, features.numpy().astype(np.float16), strict=True):
            results[index] = feature
    return batch, results


_Key = tuple[str, int, int]


def _stamp(name: str) -> tuple[int, int]:
    """Size in bytes and time of change in nanoseconds; zeros for a file that is not there."""
    try:
        status = Path(name).stat()
    except OSError:
        return 0, 0
    return status.st_size, status.st_mtime_ns


def _read_cache(path: Path, backbone: Backbone) -> dict[_Key, npt.NDArray[np.float16]]:
    if not path.exists():
        return {}
    try:
        table = pq.ParquetFile(path).read()
    except (OSError, pa.ArrowException) as error:
        raise DataError(f"{path} is no feature cache ({error}); remove it, or name another") from error
    found = (table.schema.metadata or {}).get(b"backbone", b"").decode()
    if found != backbone.fingerprint:
        raise DataError(
            f"the features in {path} were made by another backbone or preprocessing than "
            f"{backbone.name}'s; remove it, or name another file"
        )
    features = table["feature"].combine_chunks()
    values = features.flatten().to_numpy().reshape(-1, backbone.feature_dim)
    keys = zip(*(table[name].to_pylist() for name in ("path", "size", "mtime_ns")), strict=True)
    return dict(zip(keys, values, strict=True))


def _write_cache(path: Path, kept: Mapping[_Key, npt.NDArray[np.float16]], backbone: Backbone) -> None:
    names, sizes, times = zip(*kept, strict=True) if kept else ((), (), ())
    flat = np.concatenate(list(kept.values())) if kept else np.empty(0, np.float16)
    table = pa.table(
        {
            "path": pa.array(names, pa.string()),
            "size": pa.array(sizes, pa.int64()),
            "mtime_ns": pa.array(times, pa.int64()),
            "feature": pa.FixedSizeListArray.from_arrays(pa.array(flat), backbone.feature_dim),
        },
        metadata={"backbone": backbone.fingerprint, "backbone_name": backbone.name},
    )
    with replacing(path) as temporary:
        pq.write_table(table, temporary, compression="none")
