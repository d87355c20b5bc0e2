from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawing import COLOURS, UNSEEN, features_of

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, DataError
from zsl_images.head.calibration import Calibration
from zsl_images.head.recalibrating import recalibrated


def test_what_labels_claim_is_fitted_to_the_photos(trained: ZeroShotClassifier) -> None:
    seeds = range(60, 64)
    seen = [colour for colour in COLOURS if colour not in UNSEEN]
    features = features_of(trained, seen, seeds)
    labels = [colour for colour in seen for _ in seeds]
    old = replace(trained.head, calibration=replace(Calibration(seen_penalty=1.0), temperature=500.0))
    head = recalibrated(old, features, labels)
    found = head.calibration
    assert found.seen_penalty == 1.0
    assert found.temperature < 100
    assert len(found.known_distances) == len(found.seen_misfits) == len(labels)
    assert found.known_distances[-1] == pytest.approx(head.distances(head.table, features).max())
    assert found.unseen_distances == ()  # none of these photos shows an unseen class


def test_enough_photos_of_unseen_classes_count_apart(trained: ZeroShotClassifier) -> None:
    features = features_of(trained, ["red", "cyan"], range(60, 84))
    found = recalibrated(trained.head, features, ["red"] * 24 + ["cyan"] * 24).calibration
    assert len(found.known_distances) == len(found.unseen_distances) == 24


def test_too_few_photos_and_other_classes_are_refused(trained: ZeroShotClassifier) -> None:
    features = np.zeros((19, 24), np.float32)
    with pytest.raises(DataError, match="19 labelled photos, expected 20"):
        recalibrated(trained.head, features, ["red"] * 19)
    with pytest.raises(ClassTableError, match="sky"):
        recalibrated(trained.head, np.zeros((20, 24), np.float32), ["sky"] * 20)
