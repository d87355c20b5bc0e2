from __future__ import annotations

import numpy as np
import pytest

from zsl_images.head.calibration import (
    Calibration,
    Outcome,
    calibrate,
    calibration_error,
    fit_temperature,
    share_below,
    spread_of,
)


def test_the_temperature_is_that_of_the_scores() -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(5000, 6)).astype(np.float32) * 3
    labels = (scores / 2.0 + rng.gumbel(size=scores.shape)).argmax(1)  # drawn from a softmax at 2
    assert fit_temperature(scores, labels) == pytest.approx(2.0, rel=0.05)


def test_decisions_are_chosen_on_folds_and_probabilities_on_held_out_photos() -> None:
    rng = np.random.default_rng(0)

    def outcome(classes: int, distance: float) -> Outcome:
        labels = np.arange(400) % classes
        scores = rng.normal(size=(400, classes)).astype(np.float32)
        scores[np.arange(400), labels] += 2
        is_seen = np.arange(classes) < 4
        return Outcome(scores, labels, is_seen, rng.uniform(0, distance, 400).astype(np.float32))

    folds, held_out, other = [outcome(6, 1.0)], outcome(4, 2.0), outcome(4, 3.0)
    mine, theirs = calibrate(folds, held_out, 0.5), calibrate(folds, other, 0.5)
    assert mine.seen_penalty == theirs.seen_penalty
    assert mine.metrics["H"] == theirs.metrics["H"]
    scores = held_out.scores - mine.seen_penalty
    expected = fit_temperature(scores, held_out.labels)
    assert mine.temperature == pytest.approx(expected, rel=1e-3)
    ece = calibration_error(scores, held_out.labels, mine.temperature)
    assert mine.metrics["ECE"] == pytest.approx(ece, rel=1e-3)
    assert mine.known_distances[-1] == pytest.approx(held_out.distances.max())


def test_the_temperature_goes_with_the_seen_penalty() -> None:
    """It is fitted to photos of seen classes among all candidates, less the γ that decides."""
    rng = np.random.default_rng(0)

    def outcome(classes_with_photos: int) -> Outcome:
        labels = np.arange(400) % classes_with_photos
        scores = rng.normal(size=(400, 6)).astype(np.float32)
        scores[np.arange(400), labels] += 2
        scores[:, :4] += 1.5
        return Outcome(scores, labels, np.arange(6) < 4, np.ones(400, np.float32))

    folds, held_out = [outcome(6)], outcome(4)
    found = calibrate(folds, held_out, 1)
    assert found.seen_penalty == found.balanced_seen_penalty > 1
    penalised = held_out.scores - np.float32(found.seen_penalty) * held_out.is_seen
    expected = fit_temperature(penalised, held_out.labels)
    assert found.temperature == pytest.approx(expected, rel=1e-3)
    assert fit_temperature(held_out.scores, held_out.labels) < 0.9 * expected


def test_photos_without_a_mistake_do_not_make_a_head_sure_of_all() -> None:
    labels = np.arange(20) % 2
    scores = np.float32([[0, -10], [-10, 0]])[labels]
    temperature = fit_temperature(scores, labels)
    assert 1 / (1 + np.exp(-10 / temperature)) == pytest.approx(20 / 21, abs=1e-3)


def test_a_photo_is_compared_with_photos_of_classes_of_the_kind_of_its_label() -> None:
    calibration = Calibration(known_distances=(1, 2, 3), unseen_distances=(5, 6, 7))
    distances, is_seen = np.float32([0.5, 2.5, 9, 2.5, 9]), np.array([True, True, True, False, False])
    found = calibration.unknown_scores(distances, is_seen)
    np.testing.assert_allclose(found, [0, 0.5, 0.75, 0, 0.75])
    older = Calibration(known_distances=(1, 2, 3))
    np.testing.assert_allclose(older.unknown_scores(distances, ~is_seen), [0, 0.5, 0.75, 0.5, 0.75])
    assert np.isnan(Calibration().unknown_scores(distances, is_seen)).all()


def test_few_known_photos_never_show_that_a_photo_is_unknown() -> None:
    """19 of them give a share of 95 % at most, however far a photo is."""
    score = Calibration(known_distances=tuple(range(19))).unknown_scores(
        np.float32([99]), np.ones(1, bool)
    )
    assert score == pytest.approx(0.95)


def test_the_spread_of_many_values_keeps_their_shares() -> None:
    values = np.random.default_rng(0).normal(size=5000).astype(np.float32)
    some = np.linspace(-2, 2, 9, dtype=np.float32)
    assert len(spread_of(values)) < len(values)
    found, expected = share_below(spread_of(values), some), share_below(np.sort(values), some)
    np.testing.assert_allclose(found, expected, atol=0.004)
    assert spread_of(np.float32([3, 1, 2])) == (1, 2, 3)
