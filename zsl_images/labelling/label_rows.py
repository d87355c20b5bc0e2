"""Rows of a label file: what each column holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zsl_images.classes.profiles import known_by
from zsl_images.features.feature_files import fact_columns
from zsl_images.features.stamps import Stamp, stamp_of
from zsl_images.files import path_text
from zsl_images.head.decisions import Decisions
from zsl_images.head.feature_classifier import FeatureClassifier
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.results import Failure, PhotoFacts, Prediction
from zsl_images.version import __version__


def origin_of(classifier: FeatureClassifier, top_k: int) -> dict[str, str]:
    """The columns `head` and `backbone`: everything but the photo that a label depends on."""
    info = classifier.head.backbone
    return {
        "head": classifier.fingerprint(top_k),
        "backbone": f"{info.name}@{info.fingerprint[:16]}",
    }


def decision_rows(
    stamps: Sequence[Stamp],
    decisions: Decisions,
    facts: Sequence[PhotoFacts],
    origin: Mapping[str, str],
) -> pa.Table:
    """The rows of N photos that were read.

    Args:
        stamps: The N photos.
        decisions: Decisions on these photos, in the same order.
        facts: What the files of these photos say of them.
        origin: See `origin_of`.
    """
    count = len(decisions)
    names = pa.array(decisions.table.names, pa.string())
    probabilities = np.round(decisions.probabilities, 6)
    first, width = decisions.rows[:, 0], decisions.rows.shape[1]
    ends = pa.array(np.arange(count + 1, dtype=np.int32) * width)
    path, size, mtime = zip(*stamps, strict=True)
    values: dict[str, Any] = {
        "path": path,
        "size": size,
        "mtime": mtime,
        "label": pc.if_else(pa.array(decisions.is_answered), names.take(pa.array(first)), None),
        "probability": probabilities[:, 0],
        "is_seen": decisions.table.is_seen[first],
        "known_by": pa.array(known_by(decisions.table)).take(pa.array(first)),
        "top_labels": pa.ListArray.from_arrays(ends, names.take(pa.array(decisions.rows.ravel()))),
        "top_probabilities": pa.ListArray.from_arrays(ends, pa.array(probabilities.ravel())),
        "unknown_score": pa.array(np.round(decisions.unknown_scores, 6), from_pandas=True),
        "is_unknown": decisions.is_unknown,
        "label_set": decisions.label_sets,
        "answer": [answer and answer.label for answer in decisions.answers],
        "answer_level": [answer and answer.level for answer in decisions.answers],
        "answer_probability": [a and round(a.probability, 6) for a in decisions.answers],
        "error": pa.nulls(count, pa.string()),
        **fact_columns(facts),
        **{name: pa.repeat(value, count) for name, value in origin.items()},
        "version": pa.repeat(__version__, count),
    }
    return pa.table({name: pa.array(values[name]) for name in SCHEMA.names}).cast(SCHEMA)


def row_of(result: Prediction | Failure, origin: Mapping[str, str]) -> dict[str, Any]:
    """The row of one result, with its path as it was given.

    Args:
        result: What the photo shows, or why it could not be read.
        origin: See `origin_of`.
    """
    stamp = stamp_of(result.path)._asdict() if result.path else {}
    row = dict.fromkeys(SCHEMA.names) | stamp | dict(origin)
    row |= {"path": result.path, "version": __version__}
    if isinstance(result, Failure):
        return row | {"error": result.reason}
    answer = result.answer
    return row | {
        **(result.facts or PhotoFacts())._asdict(),
        "label": result.label,
        "probability": result.probability,
        "is_seen": result.is_seen,
        "known_by": result.known_by,
        "top_labels": [candidate.label for candidate in result.top],
        "top_probabilities": [candidate.probability for candidate in result.top],
        "unknown_score": result.unknown_score,
        "is_unknown": result.is_unknown,
        "label_set": result.label_set,
        "answer": answer and answer.label,
        "answer_level": answer and answer.level,
        "answer_probability": answer and answer.probability,
    }


def failure_rows(
    stamps: Sequence[Stamp], errors: Sequence[Exception], origin: Mapping[str, str]
) -> pa.Table:
    """The rows of photos that could not be read, with the reasons."""
    rows = [
        {**stamp._asdict(), "error": path_text(str(error)), **origin, "version": __version__}
        for stamp, error in zip(stamps, errors, strict=True)
    ]
    return pa.Table.from_pylist(rows, SCHEMA)
