"""The labeller reads each photo once, however often it is labelled."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from drawing import draw
from label_files import noting_classifier

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError
from zsl_images.web.labeller import Labeller, Upload
from zsl_images.web.limits import Limits
from zsl_images.web.schemas import Edits, NewClass


def test_labels_are_those_of_the_classifier(trained: ZeroShotClassifier, photo, tmp_path: Path) -> None:
    labeller = Labeller(trained, Limits())
    draw("cyan", 70).save(tmp_path / "c.png")
    (expected,) = trained.with_explanations().predict(tmp_path / "c.png", top_k=3)
    (row,) = labeller.predict([Upload("c.png", io.BytesIO(photo("cyan")))], 3, True)
    assert [one["label"] for one in row["top"]] == [one.label for one in expected.top]
    assert row["top"][0]["probability"] == pytest.approx(expected.probability, abs=1e-3)
    assert row["explanation"]["runner_up"] == expected.explanation.runner_up


def test_ranking_opens_no_photo(trained: ZeroShotClassifier, photo) -> None:
    classifier, opened = noting_classifier(trained)
    labeller = Labeller(classifier, Limits())
    (row,) = labeller.predict([Upload("r.png", io.BytesIO(photo("red")))], 3, False)
    opened.clear()
    assert labeller.rank([row["id"]], Edits(), 3, False) == [row]
    assert not opened
    assert labeller.rank([], Edits(), 3, False) == []
    with pytest.raises(DataError, match="send it again"):
        labeller.rank(["nonsense"], Edits(), 3, False)


def test_the_candidates_stay_as_they_are(trained: ZeroShotClassifier) -> None:
    labeller = Labeller(trained, Limits())
    attributes = dict.fromkeys(trained.table.attribute_names, 100.0)
    grown = labeller.edited(Edits(classes=[NewClass(name="beige", attributes=attributes)]))
    assert grown.classes == (*trained.classes, "beige")
    assert labeller.classifier.classes == trained.classes
