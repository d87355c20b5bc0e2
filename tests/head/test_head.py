from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawing import features_of

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import HeadError
from zsl_images.head.head import BackboneInfo


def test_the_record_of_a_backbone_is_the_backbones_own(trained: ZeroShotClassifier) -> None:
    info = BackboneInfo.of(trained.backbone)
    assert info == trained.head.backbone
    assert info.fingerprint == trained.backbone.fingerprint
    with pytest.raises(HeadError, match="trained with backbone other"):
        replace(info, name="other").check(trained.backbone)


def test_residuals_move_the_classes_that_have_one(trained: ZeroShotClassifier) -> None:
    push = np.full(trained.head.model.config.latent_dim, 0.5, np.float32)
    pushed = replace(trained.head, residuals={"cyan": push})
    moved = pushed.class_priors(trained.table) - trained.head.class_priors(trained.table)
    cyan = trained.table.names.index("cyan")
    np.testing.assert_allclose(moved[cyan], push, atol=1e-5)
    assert not np.delete(moved, cyan, axis=0).any()


def test_another_seen_penalty_leaves_the_rest_of_the_calibration(trained: ZeroShotClassifier) -> None:
    head = trained.head.with_seen_penalty(7.0)
    assert head.calibration == replace(trained.head.calibration, seen_penalty=7.0)


def test_photos_lie_nearest_to_their_own_class(trained: ZeroShotClassifier) -> None:
    features = features_of(trained, ["red", "blue"], range(50, 53))
    alone = trained.head.table.select(["red"])
    distances = trained.head.distances(alone, features)
    assert distances[:3].max() < distances[3:].min()
