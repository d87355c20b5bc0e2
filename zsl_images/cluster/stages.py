"""The stages of a cluster run: paths become pictures on any CPU, pictures become rows in actors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zsl_images.defaults import CPU
from zsl_images.errors import ImageError
from zsl_images.features.backbones import Backbone
from zsl_images.features.decoding import decoded
from zsl_images.features.extraction import picture_features
from zsl_images.features.feature_files import FACTS, fact_columns, facts_in
from zsl_images.features.photo_rows import stamps_in
from zsl_images.features.remote_photos import read_anywhere, stamp_anywhere
from zsl_images.features.stamps import STAMP
from zsl_images.labelling.label_rows import decision_rows, failure_rows, origin_of
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.results import PhotoFacts

PICTURES = pa.schema(
    [
        *((name, SCHEMA.field(name).type) for name in STAMP),
        ("pixels", pa.large_binary()),
        ("error", pa.string()),
        *FACTS,
    ]
)
"""Columns between the two stages; `pixels` is a picture as the backbone's network takes it."""


_CORES = 2
"""Cores that an actor without a GPU keeps busy."""


def _no_network() -> NoReturn:
    raise AssertionError("a stage that only decodes has no network")


def decoder_of(backbone: Backbone) -> Backbone:
    """What the first stage needs of a backbone: its preprocessing, not its network."""
    return replace(backbone, network=_no_network, open_photo=read_anywhere)


def decode(paths: pa.Table, backbone: Backbone) -> pa.Table:
    """Decode photos; one that cannot be read is a row with the reason.

    Args:
        paths: N rows with the column `path`.
        backbone: See `decoder_of`.

    Returns:
        N rows of `PICTURES`.
    """
    stamps, pixels, errors, facts = [], [], [], []
    for path in paths["path"].to_pylist():
        noted: list[PhotoFacts] = []
        picture = decoded(path, backbone, noted.append)
        stamps.append(stamp_anywhere(path))
        is_good = not isinstance(picture, ImageError)
        pixels.append(None if isinstance(picture, ImageError) else picture.tobytes())
        errors.append(None if is_good else str(picture))
        facts.append(noted[0] if noted and is_good else PhotoFacts())
    columns = dict(zip(STAMP, zip(*stamps, strict=True), strict=True))
    values = {**columns, "pixels": pixels, "error": errors, **fact_columns(facts)}
    return pa.table({name: pa.array(values[name]) for name in PICTURES.names}).cast(PICTURES)


class Labeller:
    """The second stage: backbone and head, loaded once per actor.

    Args:
        classifier: A `ZeroShotClassifier` in Ray's object store.
        top_k: Number of candidates per row.
    """

    def __init__(self, classifier: Any, top_k: int) -> None:
        import ray

        self._classifier = ray.get(classifier)
        self._decide = self._classifier.decider(top_k)
        self._threads = ThreadPoolExecutor(_CORES)
        self._origin = origin_of(self._classifier, top_k)

    def __call__(self, pictures: pa.Table) -> pa.Table:
        """The rows of a label file for N rows of `PICTURES`, in their order."""
        shape = 3, *self._classifier.backbone.preprocessing["input_size"][-2:]
        made = self._features(
            [
                ImageError(error)
                if error is not None
                else np.frombuffer(data.as_buffer(), np.uint8).reshape(shape)
                for data, error in zip(pictures["pixels"], pictures["error"].to_pylist(), strict=True)
            ]
        )
        stamps, facts = stamps_in(pictures), facts_in(pictures)
        good = {at: one for at, one in enumerate(made) if not isinstance(one, ImageError)}
        failed = {at: one for at, one in enumerate(made) if isinstance(one, ImageError)}
        tables = []
        if good:
            decisions = self._decide(np.stack([*good.values()]))
            shown = [stamps[at] for at in good], decisions, [facts[at] for at in good]
            tables.append(decision_rows(*shown, self._origin))
        if failed:
            hidden = [stamps[at] for at in failed], [*failed.values()]
            tables.append(failure_rows(*hidden, self._origin))
        return pa.concat_tables(tables).take(np.argsort([*good, *failed]))

    def _features(
        self, pictures: list[npt.NDArray[np.uint8] | ImageError]
    ) -> list[npt.NDArray[np.float16] | ImageError]:
        """The feature of each picture; a call keeps one core busy, so there are as many as cores."""
        backbone = self._classifier.backbone
        calls = min(_CORES, backbone.engine.concurrency) if backbone.device == CPU else 1
        size = -(-len(pictures) // calls)
        parts = [pictures[start : start + size] for start in range(0, len(pictures), size)]
        made = self._threads.map(partial(picture_features, backbone=backbone), parts)
        return [*chain.from_iterable(made)]
