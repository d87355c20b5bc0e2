"""Rows of a label file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.features.photo_rows import STAMP, Stamp
from zsl_images.labelling.label_files import SCHEMA
from zsl_images.version import __version__


@dataclass(frozen=True)
class Progress:
    """How far a run has come, and what it came to.

    Args:
        done: photos that have a row.
        kept: those of them whose row an earlier run wrote.
        failures: photos that could not be read.
        unknowns: photos that got no label, their likeliest class being below the least confidence.
        is_complete: whether the label file is written.
    """

    done: int = 0
    kept: int = 0
    failures: int = 0
    unknowns: int = 0
    is_complete: bool = False

    def with_rows(self, rows: pa.Table, kept: int = 0) -> Progress:
        """The progress with these rows of a label file added, `kept` of them an earlier run's."""
        failures = len(rows) - rows["error"].null_count
        return replace(
            self,
            done=self.done + len(rows),
            kept=self.kept + kept,
            failures=self.failures + failures,
            unknowns=self.unknowns + rows["label"].null_count - failures,
        )


def origin_of(classifier: ZeroShotClassifier, top_k: int) -> dict[str, str]:
    """What a row's label depends on beside the photo: its columns `head` and `backbone`."""
    info = classifier.head.backbone
    return {
        "head": classifier.fingerprint(top_k),
        "backbone": f"{info.name}@{info.fingerprint[:16]}",
    }


def stamps_in(rows: pa.Table) -> list[Stamp]:
    """The photos that rows are of."""
    return [Stamp(*values) for values in zip(*(rows[name].to_pylist() for name in STAMP), strict=True)]


def label_rows(
    stamps: Sequence[Stamp],
    features: npt.NDArray[np.float16],
    classifier: ZeroShotClassifier,
    top_k: int,
    origin: dict[str, str],
) -> pa.Table:
    """Rows of a label file for N photos with features (N, D) that `origin_of` the classifier marks."""
    probabilities, columns, unknown, answers = classifier.label_features(features, top_k)
    is_answer = pa.array(probabilities[:, 0] >= classifier.min_confidence)
    probabilities = np.round(probabilities, 6)
    names = pa.array(classifier.table.names, pa.string())
    top, rank = columns[:, 0], pa.array(np.arange(len(columns) + 1, dtype=np.int32) * columns.shape[1])
    path, size, mtime = zip(*stamps, strict=True)
    values: dict[str, Any] = {
        "path": path,
        "size": size,
        "mtime": mtime,
        "label": pc.if_else(is_answer, names.take(pa.array(top)), None),
        "probability": probabilities[:, 0],
        "is_seen": classifier.table.is_seen[top],
        "top_labels": pa.ListArray.from_arrays(rank, names.take(pa.array(columns.ravel()))),
        "top_probabilities": pa.ListArray.from_arrays(rank, pa.array(probabilities.ravel())),
        "unknown_score": pa.array(np.round(unknown, 6), from_pandas=True),
        "answer": [answer and answer.label for answer in answers],
        "answer_level": [answer and answer.level for answer in answers],
        "answer_probability": [answer and round(answer.probability, 6) for answer in answers],
        "error": pa.nulls(len(columns), pa.string()),
        **{name: pa.repeat(value, len(columns)) for name, value in origin.items()},
        "version": pa.repeat(__version__, len(columns)),
    }
    return pa.table({name: pa.array(values[name]) for name in SCHEMA.names}).cast(SCHEMA)
