"""Speed: how many photos per second this machine labels, and what limits it."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from zsl_images.defaults import BATCH_SIZE
from zsl_images.errors import DataError, ImageError, counted
from zsl_images.features.backbones import Backbone
from zsl_images.features.cpu_cores import usable_cores
from zsl_images.features.decoding import decoded
from zsl_images.features.extraction import stream_features


@dataclass(frozen=True)
class Speeds:
    """Photos per second: each part alone on all cores, and all parts together.

    Args:
        engine: Name of the engine that runs the backbone.
        decode: Photos decoded, resized and cropped, per second.
        model: Photos passed through the backbone, per second.
        pipeline: Photos from file to feature, per second.
    """

    engine: str
    decode: float
    model: float
    pipeline: float

    @property
    def bound(self) -> float:
        """Photos per second if decoding and the backbone share the cores: 1/(1/decode + 1/model)."""
        return 1 / (1 / self.decode + 1 / self.model)

    @property
    def slower(self) -> str:
        """The part that takes most of the time: `decode` or `model`."""
        return "decode" if self.decode < self.model else "model"

    def to_dict(self) -> dict[str, Any]:
        """The fields of the JSON output."""
        return {**asdict(self), "bound": self.bound, "slower": self.slower}


def measure(
    paths: Sequence[str | os.PathLike[str]], backbone: Backbone, batch_size: int = BATCH_SIZE
) -> Speeds:
    """Measure how fast photos become features.

    Args:
        paths: Photos; a few hundred give steady figures.
        backbone: Backbone to measure.
        batch_size: Photos that pass the backbone at once.

    Raises:
        DataError: Fewer photos than one batch can be read.
    """
    with ThreadPoolExecutor(usable_cores()) as pool:
        start = time.perf_counter()
        pictures = list(pool.map(lambda path: decoded(path, backbone), paths))
        decode = time.perf_counter() - start
    good = [picture for picture in pictures if not isinstance(picture, ImageError)]
    if len(good) < batch_size:
        raise DataError(
            f"{len(good)} of {counted(len(paths), 'photo')} can be read; expected {batch_size} or more"
        )
    batches = np.split(np.stack(good[: len(good) // batch_size * batch_size]), len(good) // batch_size)
    engine = backbone.engine
    with ThreadPoolExecutor(engine.concurrency) as pool:
        list(pool.map(engine.run, batches[: 2 * engine.concurrency]))  # the first calls are slow
        start = time.perf_counter()
        list(pool.map(engine.run, batches))
        model = time.perf_counter() - start
    start = time.perf_counter()
    for _ in stream_features(paths, backbone, batch_size):
        pass
    pipeline = time.perf_counter() - start
    return Speeds(
        engine.name,
        len(paths) / decode,
        len(batches) * batch_size / model,
        len(paths) / pipeline,
    )
