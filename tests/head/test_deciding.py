from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawing import COLOURS, features_of

from zsl_images.classes.taxonomy import Taxonomy
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError


@pytest.fixture
def careful(trained: ZeroShotClassifier) -> ZeroShotClassifier:
    """The trained classifier, as if many photos had been held out, all very near to their classes."""
    near = tuple(np.linspace(0, 1e6, 99))
    calibration = replace(trained.head.calibration, known_distances=near, unseen_distances=near)
    return replace(trained, head=replace(trained.head, calibration=calibration))


@pytest.fixture
def features(trained: ZeroShotClassifier) -> np.ndarray:
    strange = np.random.default_rng(0).uniform(-1e3, 1e3, (3, 24)).astype(np.float32)
    return np.concatenate([features_of(trained, list(COLOURS), range(1)), strange])


def test_unknown_photos_get_no_label_and_no_group(
    careful: ZeroShotClassifier, features: np.ndarray
) -> None:
    known = careful.head.distances(careful.table, features)
    limit = float(np.median(known))
    spread = tuple(np.linspace(0, limit / 0.95, 99))
    calibration = replace(careful.head.calibration, known_distances=spread, unseen_distances=spread)
    classifier = replace(careful, head=replace(careful.head, calibration=calibration))
    tree = Taxonomy(("all",), dict.fromkeys(classifier.table.names, ("colour",)))
    grouped = classifier.with_taxonomy(tree)
    predictions = list(grouped.label_features(features).predictions())
    is_far = (known > limit * 1.02).tolist()
    assert [one.is_unknown for one in predictions] == is_far
    assert [one.label is None for one in predictions] == is_far
    assert [one.answer is None for one in predictions] == is_far
    assert all(one.levels for one in predictions)
    generated = replace(calibration, metrics={}, seen_misfits=())  # as of a head without photos
    unsure = replace(grouped, head=replace(grouped.head, calibration=generated))
    assert not unsure.label_features(features).is_unknown.any()
    every = grouped.with_max_unknown(0).label_features(features).predictions()
    assert all(one.label and one.answer for one in every)


def test_rows_depend_on_what_unknown_and_coverage_are_set_to(careful: ZeroShotClassifier) -> None:
    others = [
        careful.with_max_unknown(0.1),
        careful.with_coverage(0.9),
        careful.with_coverage(0.8),
        replace(
            careful,
            head=replace(
                careful.head,
                calibration=replace(careful.head.calibration, unseen_distances=(1.0,)),
            ),
        ),
    ]
    prints = {one.fingerprint() for one in [careful, *others]}
    assert len(prints) == 5


def test_a_label_set_holds_the_label_of_a_clear_photo(
    trained: ZeroShotClassifier, features: np.ndarray
) -> None:
    assert set(trained.label_features(features).label_sets) == {None}
    decisions = trained.with_coverage(0.9).label_features(features)
    for prediction in decisions.predictions():
        assert prediction.label_set is not None
        assert set(prediction.label_set) <= set(trained.table.names)
        assert prediction.to_dict()["label_set"] == list(prediction.label_set)
    first = next(iter(decisions.predictions()))
    assert first.label_set
    assert first.label in first.label_set


@pytest.mark.parametrize("share", [-0.1, 1.5, "much"])
def test_shares_out_of_range_are_refused(trained: ZeroShotClassifier, share: float) -> None:
    with pytest.raises(DataError, match="max_unknown"):
        trained.with_max_unknown(share)
    with pytest.raises(DataError, match="coverage"):
        trained.with_coverage(share)
