"""Bursts: photos that one camera took seconds apart show the same animal, and are answered together.

Letters: N photos, G bursts, K candidates.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from pathlib import PurePath

import numpy as np
import numpy.typing as npt

from zsl_images.results import PhotoFacts

Rows = npt.NDArray[np.float32]


def bursts_of(
    paths: Sequence[str], facts: Sequence[PhotoFacts], seconds: float
) -> npt.NDArray[np.int64]:
    """The burst of each photo, (N,): photos of one have the same number.

    Photos of one camera in one folder are in one burst if each was taken at most `seconds` after the
    one before. A photo whose file does not say when it was taken is a burst of its own.

    Args:
        paths: N photos.
        facts: What the file of each says of it.
        seconds: Longest time between two photos of a burst.
    """
    numbers = np.arange(len(paths), dtype=np.int64)
    by_camera: dict[tuple[object, ...], list[tuple[datetime, int]]] = {}
    for row, (path, fact) in enumerate(zip(paths, facts, strict=True)):
        if (taken := _time_of(fact)) is not None:
            camera = (PurePath(path).parent, fact.camera_make, fact.camera_model)
            by_camera.setdefault(camera, []).append((taken, row))
    for photos in by_camera.values():
        photos.sort()
        for (before, last), (now, row) in pairwise(photos):
            if (now - before).total_seconds() <= seconds:
                numbers[row] = numbers[last]
    return numbers


def _time_of(facts: PhotoFacts) -> datetime | None:
    try:
        return datetime.fromisoformat(facts.taken) if facts.taken else None
    except ValueError:
        return None


def together(probabilities: Rows, distances: Rows, bursts: npt.NDArray[np.int64]) -> tuple[Rows, Rows]:
    """What the photos of each burst show together: each of them gets the same.

        p(k | burst) ∝ exp( mean of log p(k | photo) )

    Args:
        probabilities: (N, K).
        distances: Distance to the nearest class, (N,); a burst gets the mean.
        bursts: (N,), see `bursts_of`.

    Returns:
        Probabilities (N, K), rows summing to 1, and distances (N,).
    """
    _, of_photo, count = np.unique(bursts, return_inverse=True, return_counts=True)
    logs = np.zeros((len(count), probabilities.shape[1]), np.float32)  # (G, K)
    np.add.at(logs, of_photo, np.log(np.maximum(probabilities, np.float32(1e-12))))
    logs /= count[:, None]
    odds = np.exp(logs - logs.max(axis=1, keepdims=True))
    mean = (np.bincount(of_photo, distances) / count).astype(distances.dtype)
    return (odds / odds.sum(axis=1, keepdims=True))[of_photo], mean[of_photo]
