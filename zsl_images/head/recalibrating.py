"""Recalibrating: labelled photos of a new camera say how far to trust a head's labels there.

Classes, encoder and seen penalty stay, so labels stay; probabilities, unknown scores and label sets
change.

Letters: N photos, K classes, D feature.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from zsl_images.errors import DataError
from zsl_images.head.calibration import Outcome, fit_temperature, misfits, spread_of
from zsl_images.head.head import Head
from zsl_images.head.outside import Outside

LEAST_PHOTOS = 20
"""Photos with which 5 % of known photos can be told from the others at all."""


def recalibrated(head: Head, features: npt.NDArray[np.float32], labels: Sequence[str]) -> Head:
    """A head with temperature, known distances and misfits of labelled photos.

    It must not have learned from them. Photos of seen and of unseen classes count apart, each if there
    are enough of them.

    Args:
        head: A head; its table gives the candidates.
        features: Features (N, D).
        labels: Class of each, (N,).

    Raises:
        ClassTableError: A label is no class of the head.
        DataError: There are too few photos.
    """
    if len(labels) < LEAST_PHOTOS:
        raise DataError(
            f"{len(labels)} labelled photos, expected {LEAST_PHOTOS} or more, better a hundred"
        )
    rows, table = head.table.rows_of(labels), head.table
    head = replace(
        head, calibration=replace(head.calibration, outside_weight=Outside(head.frozen).weight)
    )
    penalty = head.calibration.seen_penalty
    distances = head.distances(table, features)
    outcome = Outcome(head.scores(table, features), rows, head.penalised(table), distances)
    temperature = fit_temperature(outcome.scores - penalty * outcome.is_seen, rows)
    found = misfits(outcome, penalty, temperature)
    changed: dict[str, Any] = {}
    for is_seen, of_distance, of_misfit in (
        (True, "known_distances", "seen_misfits"),
        (False, "unseen_distances", "unseen_misfits"),
    ):
        of_kind = table.is_seen[rows] == is_seen
        is_enough = of_kind.sum() >= LEAST_PHOTOS
        # Photos of too few classes that are seen, or unseen, cannot speak for those of the other kind.
        chosen = of_kind if is_enough else np.ones(len(rows), bool)
        if is_enough or is_seen:
            changed |= {of_distance: spread_of(distances[chosen]), of_misfit: spread_of(found[chosen])}
    calibration = replace(head.calibration, temperature=temperature, **changed)
    return replace(head, calibration=calibration)
