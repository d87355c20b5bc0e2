from __future__ import annotations

import json

import pytest

from zsl_images.errors import DataError
from zsl_images.results import Candidate, Failure, LevelLabel, Prediction

TOP = (Candidate("fox", 0.6, True, "photos"), Candidate("wolf", 0.4, False, "attributes"))


def test_a_prediction_is_its_likeliest_candidate() -> None:
    prediction = Prediction("a.jpg", TOP, 0.25)
    assert (prediction.label, prediction.probability, prediction.is_seen) == ("fox", 0.6, True)
    assert Prediction("a.jpg", TOP, is_abstention=True).label is None


def test_candidates_must_be_in_order() -> None:
    with pytest.raises(DataError, match="likeliest candidate must come first"):
        Prediction("a.jpg", TOP[::-1])
    with pytest.raises(DataError, match="at least one candidate"):
        Prediction("a.jpg", ())


def test_predictions_and_failures_have_the_same_json_fields() -> None:
    fields = Prediction("a.jpg", TOP).to_dict()
    assert list(fields) == list(Failure("b.jpg", "broken").to_dict())
    level = LevelLabel("family", "Canidae", 1.0)
    more = Prediction("a.jpg", TOP, levels=(level,), answer=level).to_dict()
    assert set(more) - set(fields) == {"levels", "answer"}
    assert json.loads(json.dumps(more))["answer"]["label"] == "Canidae"


def test_a_rival_is_at_least_half_as_probable() -> None:
    def prediction(*probabilities: float) -> Prediction:
        return Prediction(None, tuple(Candidate(str(p), p, True, "photos") for p in probabilities))

    assert prediction(0.5, 0.25).rival == "0.25"
    assert prediction(0.5, 0.24).rival is None
    assert prediction(1.0).rival is None
