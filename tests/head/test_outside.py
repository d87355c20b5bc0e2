from __future__ import annotations

import numpy as np
import pytest
from drawing import COLOURS, features_of

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.head.outside import Outside


def test_what_lies_outside_is_what_the_kept_axes_do_not_have(trained: ZeroShotClassifier) -> None:
    frozen = trained.head.frozen
    features = features_of(trained, list(COLOURS), range(2))
    outside, scaling = Outside(frozen), frozen.feature_scaling
    axes = scaling.projection / np.linalg.norm(scaling.projection, axis=1, keepdims=True)
    centred = scaling.directions(features) - scaling.centre
    left = centred - centred @ axes.T @ axes
    np.testing.assert_allclose(outside(features), np.square(left).sum(axis=1), atol=1e-6)
    assert outside.weight == pytest.approx(float(np.square(scaling.projection).sum(axis=1).max()))


def test_distances_count_what_lies_outside(trained: ZeroShotClassifier) -> None:
    head, features = trained.head, features_of(trained, list(COLOURS), range(2))
    strange = np.random.default_rng(0).uniform(-1, 1, features.shape).astype(np.float32)
    assert Outside(head.frozen)(strange).min() > 10 * Outside(head.frozen)(features).max()
    assert head.calibration.outside_weight == Outside(head.frozen).weight
    assert head.distances(head.table, strange).min() > head.distances(head.table, features).max()
