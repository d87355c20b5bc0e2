"""Relabelling: the stored features of photos become a label file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from zsl_images.arguments import check_path, check_type
from zsl_images.defaults import TOP_K
from zsl_images.errors import DataError, listed
from zsl_images.features.feature_files import facts_in, features_in, open_feature_files
from zsl_images.features.photo_rows import stamps_in
from zsl_images.head.feature_classifier import FeatureClassifier
from zsl_images.labelling.label_files import check_suffix, write_labels
from zsl_images.labelling.label_rows import decision_rows, origin_of
from zsl_images.labelling.own_columns import OwnColumns
from zsl_images.labelling.runs import Progress


def relabel(
    classifier: FeatureClassifier,
    features: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    top_k: int = TOP_K,
    is_for_excel: bool = False,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Progress:
    """Label photos by their stored features, without opening any photo.

    Args:
        classifier: Classifier with its candidates and settings.
        features: Feature file written by `label`.
        out: Label file to write, see `label_files`.
        top_k: Number of candidates per row.
        is_for_excel: Whether a CSV file begins with a byte order mark, as Excel needs it.
        on_progress: Called after each part.

    Raises:
        DataError: The feature file is missing, or was made with another backbone than the head's.
        OutputError: `out` cannot be written.
    """
    check_type("classifier", classifier, FeatureClassifier)
    check_path("the path of a feature file", features, DataError)
    check_suffix(out)
    out = Path(out)
    kept = open_feature_files([Path(features)], classifier.head.backbone.fingerprint)
    if not len(kept):
        raise DataError(f"no features in {features}; make some with `zsl label --features`")
    decide, origin = classifier.decider(top_k), origin_of(classifier, top_k)
    progress = Progress()

    def tables() -> Iterator[pa.Table]:
        nonlocal progress
        for rows in kept.latest():
            stamps, facts = stamps_in(rows), facts_in(rows)
            bursts = classifier.bursts_of([stamp.path for stamp in stamps], facts)
            table = decision_rows(stamps, decide(features_in(rows), bursts), facts, origin)
            progress = progress.with_rows(table)
            on_progress(progress)
            yield table

    with OwnColumns.of(out) as own:

        def all_tables() -> Iterator[pa.Table]:
            yield from map(own.added_to, tables())
            if left := own.left():
                raise DataError(
                    f"{out} has columns of yours ({listed(own.schema.names)}), and {left} of its "
                    f"photos are not in {features}; write to another file, or remove these rows"
                )

        write_labels(all_tables(), out, own.schema, is_for_excel=is_for_excel)
    return replace(progress, is_complete=True)
