from __future__ import annotations

import numpy as np
import pytest
from drawing import COLOURS, features_of

from zsl_images.classes.taxonomy import Taxonomy
from zsl_images.classifier import ZeroShotClassifier


@pytest.fixture
def features(trained: ZeroShotClassifier) -> np.ndarray:
    return features_of(trained, list(COLOURS), range(4))


def test_predictions_are_the_columns_row_by_row(
    trained: ZeroShotClassifier, features: np.ndarray
) -> None:
    decisions = trained.with_min_confidence(0.9).label_features(features, top_k=3)
    predictions = list(decisions.predictions())
    assert len(predictions) == len(decisions) == len(features)
    for row, prediction in enumerate(predictions):
        names = [trained.table.names[k] for k in decisions.rows[row]]
        assert [candidate.label for candidate in prediction.top] == names
        assert prediction.probability == pytest.approx(float(decisions.probabilities[row, 0]))
        assert prediction.is_abstention != decisions.is_answered[row]
        assert (prediction.label is None) == (prediction.probability < 0.9)
    assert {prediction.is_abstention for prediction in predictions} == {True, False}


def test_a_decision_does_not_depend_on_the_photos_beside_it(
    trained: ZeroShotClassifier, features: np.ndarray
) -> None:
    decide = trained.decider(top_k=8)
    together, alone = decide(features), [decide(feature[None]) for feature in features]
    found = np.concatenate([decisions.probabilities for decisions in alone])
    np.testing.assert_allclose(found, together.probabilities, atol=1e-5)
    np.testing.assert_array_equal([decisions.rows[0, 0] for decisions in alone], together.rows[:, 0])


def test_answers_are_the_finest_level_that_is_sure_enough(
    trained: ZeroShotClassifier, features: np.ndarray
) -> None:
    tree = Taxonomy(("colour", "all"), {name: (name, "colour") for name in trained.table.names})
    decisions = trained.with_taxonomy(tree).with_min_confidence(0.95).label_features(features)
    for is_answered, answer in zip(decisions.is_answered, decisions.answers, strict=True):
        assert answer is not None
        assert answer.level == ("colour" if is_answered else "all")


def test_explanations_are_made_if_they_are_asked_for(
    trained: ZeroShotClassifier, features: np.ndarray
) -> None:
    assert set(trained.label_features(features).explanations) == {None}
    explained = trained.with_explanations().label_features(features)
    labels = [trained.table.names[row] for row in explained.rows[:, 0]]
    assert [why.label for why in explained.explanations if why] == labels
