from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawing import COLOURS, features_of

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, DataError
from zsl_images.head.correcting import correct_classes


def test_corrected_photos_get_likelier_and_memory_and_encoder_stay(
    trained: ZeroShotClassifier,
) -> None:
    head, features = trained.head, features_of(trained, ["magenta"], range(50, 55))
    better = correct_classes(head, features, ["red"] * 5)
    red = head.table.names.index("red")

    def lead(one: object) -> float:
        scores = (
            better.scores(head.table, features) if one is better else head.scores(head.table, features)
        )
        return float((scores[:, red] - scores.max(axis=1)).mean())

    assert lead(better) > lead(head)
    assert better.memory is head.memory
    assert better.frozen is head.frozen
    assert set(better.residuals) == set(head.table.seen_names)


def test_an_unseen_class_is_promoted_first(trained: ZeroShotClassifier) -> None:
    features = features_of(trained, ["cyan"], range(50, 55))
    better = correct_classes(trained.head, features, ["cyan"] * 5)
    assert "cyan" in better.table.seen_names
    assert "cyan" in (better.memory.names if better.memory else ())


def test_the_same_seed_gives_the_same_head(trained: ZeroShotClassifier) -> None:
    features = features_of(trained, list(COLOURS)[:2], range(50, 52))
    labels = ["red", "red", "green", "green"]
    one, other = (correct_classes(trained.head, features, labels, seed=3) for _ in range(2))
    for name in one.residuals:
        np.testing.assert_array_equal(one.residuals[name], other.residuals[name])


def test_what_cannot_be_learned_is_refused(trained: ZeroShotClassifier) -> None:
    features = np.zeros((1, 24), np.float32)
    with pytest.raises(DataError, match="no corrected photos"):
        correct_classes(trained.head, features[:0], [])
    with pytest.raises(ClassTableError, match="sky"):
        correct_classes(trained.head, features, ["sky"])
    with pytest.raises(DataError, match="remembers nothing"):
        correct_classes(replace(trained.head, memory=None), features, ["red"])
