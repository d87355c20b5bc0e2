from __future__ import annotations

import numpy as np
import pytest
from small_models import small_data

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import ClassTableError, DataError
from zsl_images.head.feature_classifier import FeatureClassifier
from zsl_images.head.fit import train_on_features
from zsl_images.metrics import turning_points


@pytest.fixture(scope="module")
def classifier() -> FeatureClassifier:
    """Twelve seen and four unseen classes."""
    data = small_data()
    names = tuple(f"class {number}" for number in range(len(data.attributes)))
    table = ClassTable(names, tuple(f"a{a}" for a in range(10)), data.attributes)
    return FeatureClassifier.of(train_on_features(data.features, data.labels, table, folds=0))


def test_a_larger_share_gives_more_unseen_labels(classifier: FeatureClassifier) -> None:
    photos = np.concatenate([small_data().features, small_data(of_unseen=True).features])
    unseen = []
    for share in (0.0, 0.25, 0.75, 1.0):
        decisions = classifier.with_unseen_share(share).label_features(photos, top_k=1)
        unseen.append(float((~decisions.table.is_seen)[decisions.rows[:, 0]].mean()))
    assert unseen == sorted(unseen)
    assert unseen[0] < 0.1
    assert unseen[-1] > 0.9
    assert abs(unseen[1] - 0.25) < 0.1  # a quarter of these photos shows unseen classes


def test_one_kind_of_candidate_needs_no_share(classifier: FeatureClassifier) -> None:
    with pytest.raises(ClassTableError, match="0 candidates are seen and 4 unseen"):
        classifier.only_unseen().with_unseen_share(0.5)
    for share in (-0.1, 2, float("nan")):
        with pytest.raises(DataError, match="unseen_share"):
            classifier.with_unseen_share(share)


def test_a_turning_point_is_where_the_label_becomes_unseen() -> None:
    scores, is_seen = np.array([[3.0, 1.0, 2.5], [1.0, 2.0, 4.0]]), np.array([True, True, False])
    assert turning_points(scores, is_seen).tolist() == [0.5, -2.0]
