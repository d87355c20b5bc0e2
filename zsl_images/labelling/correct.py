"""Correcting: labels that people gave make a head better."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zsl_images.arguments import check_type
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, listed
from zsl_images.features.extraction import default_cache, extract_features
from zsl_images.head.correcting import correct_classes
from zsl_images.labelling.corrections import read_corrections
from zsl_images.names import matched
from zsl_images.progress import OnStep
from zsl_images.results import Failure


@dataclass(frozen=True, eq=False)
class CorrectResult:
    """Result of `correct`.

    Args:
        classifier: Corrected classifier, ready to predict and to be saved.
        photos: Number of photos that people labelled, and that could be read.
        wrong: Number of these that had another label before.
        still_wrong: Number of these that have another label now.
        failures: Photos that could not be read and were left out.
    """

    classifier: ZeroShotClassifier
    photos: int
    wrong: int
    still_wrong: int
    failures: tuple[Failure, ...]


def correct(
    classifier: ZeroShotClassifier,
    labels: str | os.PathLike[str],
    *,
    new: bool = False,
    cache: str | os.PathLike[str] | None = None,
    seed: int = 0,
    on_step: OnStep | None = None,
) -> CorrectResult:
    """Make a classifier learn from labels that people gave; see `head.correcting`.

    Args:
        classifier: Classifier to start from; its candidates stay.
        labels: Labels by people, see `corrections.read_corrections`. In a folder of sorted photos,
            those count that are not where this classifier would sort them; if there are none, all.
        new: Whether labels that are no candidates become classes without attributes.
        cache: See `train`.
        seed: Seed of every random choice.
        on_step: Called with each record of progress.

    Raises:
        DataError: There are no labels by people, or the head remembers nothing of its training rows.
        ClassTableError: A label is no candidate class, and `new` is not set.
    """
    check_type("classifier", classifier, ZeroShotClassifier)
    given = read_corrections(labels)
    row_name = matched(given.values(), classifier.table.names, "the head")
    others = [name for name in dict.fromkeys(given.values()) if name not in row_name]
    if others and not new:
        raise ClassTableError(
            f"labels in {labels} that are no class of the head: "
            f"{listed(others, classifier.table.names)}; correct their spelling, or let them become "
            "classes of their own (--new, new=True)"
        )
    backbone = classifier.backbone
    where = cache if cache is not None else default_cache(labels, backbone)
    found = extract_features(list(given), backbone, where, on_step=on_step)
    truth = np.array([row_name.get(given[path], given[path]) for path in found.paths], str)
    before = _labels(classifier, found.features)
    is_wrong = before != truth
    counted = is_wrong if Path(labels).is_dir() and is_wrong.any() else np.ones(len(truth), bool)
    head = correct_classes(
        classifier.own_head(),
        found.features[counted],
        truth[counted].tolist(),
        new=new,
        seed=seed,
        on_step=on_step,
    )
    corrected = classifier.with_head(head)
    after = _labels(corrected, found.features)
    return CorrectResult(
        corrected,
        len(truth),
        int(is_wrong.sum()),
        int((after != truth).sum()),
        found.failures,
    )


def _labels(classifier: ZeroShotClassifier, features: np.ndarray) -> np.ndarray:
    """The likeliest class of each photo."""
    if not len(features):
        return np.empty(0, str)
    return np.array(classifier.table.names)[classifier.label_features(features, 1).rows[:, 0]]
