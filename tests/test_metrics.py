from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from zsl_images.errors import DataError
from zsl_images.metrics import (
    accuracies,
    expected_calibration_error,
    gzsl_report,
    harmonic_mean,
    mean_per_class_accuracy,
    seen_unseen_curve,
)


def scored(seed: int = 0, rows: int = 300, classes: int = 10) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    scores = rng.normal(size=(rows, classes))
    scores[np.arange(rows), labels] += 1.5
    is_seen = np.arange(classes) < 6
    scores[:, is_seen] += 1
    return scores, labels, is_seen


def test_per_class_accuracy_weighs_classes_not_photos() -> None:
    labels = np.array([0, 0, 0, 0, 1])
    assert mean_per_class_accuracy(labels, np.array([0, 0, 0, 0, 0])) == 0.5
    scores, labels, _ = scored()
    expected = balanced_accuracy_score(labels, scores.argmax(1))
    assert mean_per_class_accuracy(labels, scores.argmax(1)) == pytest.approx(expected)


def test_harmonic_mean() -> None:
    assert harmonic_mean(0.863, 0.525) == pytest.approx(0.653, abs=1e-3)  # AwA2's row in the paper
    assert harmonic_mean(0.0, 0.0) == 0.0


def test_the_curve_agrees_with_trying_each_penalty() -> None:
    scores, labels, is_seen = scored()
    curve = seen_unseen_curve(scores, labels, is_seen)
    of_seen = is_seen[labels]
    for penalty in np.linspace(-3, 6, 40):
        predicted = (scores - penalty * is_seen).argmax(1)
        at = np.searchsorted(curve.penalty, penalty, side="right") - 1
        assert curve.seen[at] == pytest.approx(
            mean_per_class_accuracy(labels[of_seen], predicted[of_seen])
        )
        assert curve.unseen[at] == pytest.approx(
            mean_per_class_accuracy(labels[~of_seen], predicted[~of_seen])
        )


def test_the_curve_runs_from_seen_only_to_unseen_only() -> None:
    scores, labels, is_seen = scored()
    curve = seen_unseen_curve(scores, labels, is_seen)
    assert curve.unseen[0] == 0
    assert curve.seen[-1] == 0
    assert (np.diff(curve.seen) <= 1e-12).all()
    assert (np.diff(curve.unseen) >= -1e-12).all()
    unseen = ~is_seen[labels]
    only_unseen = np.where(is_seen, -np.inf, scores)[unseen].argmax(1)
    assert curve.unseen[-1] == pytest.approx(mean_per_class_accuracy(labels[unseen], only_unseen))


def test_perfect_scores_give_a_full_area() -> None:
    labels = np.arange(6)
    curve = seen_unseen_curve(10.0 * np.eye(6), labels, labels < 3)
    assert curve.area == pytest.approx(1.0)
    assert curve.best_harmonic_mean == 1.0


def test_the_best_penalty_is_near_the_best_harmonic_mean() -> None:
    scores, labels, is_seen = scored()
    curve = seen_unseen_curve(scores, labels, is_seen)
    predicted = (scores - curve.best_penalty * is_seen).argmax(1)
    of_seen = is_seen[labels]
    reached = harmonic_mean(
        mean_per_class_accuracy(labels[of_seen], predicted[of_seen]),
        mean_per_class_accuracy(labels[~of_seen], predicted[~of_seen]),
    )
    assert reached >= 0.97 * curve.best_harmonic_mean


def test_calibration_error_is_the_gap_of_confidence_and_accuracy() -> None:
    confidence = np.full(100, 0.8)
    is_right = np.arange(100) < 80
    assert expected_calibration_error(confidence, is_right) == pytest.approx(0.0)
    assert expected_calibration_error(confidence, is_right[::-1] & (np.arange(100) < 50)) == (
        pytest.approx(0.5)
    )
    assert expected_calibration_error(np.ones(4), np.zeros(4, bool)) == 1.0


def test_a_sure_half_does_not_make_up_for_an_unsure_half() -> None:
    confidence = np.repeat([0.9, 0.5], 100)
    is_right = np.concatenate([np.arange(100) < 50, np.arange(100) < 90])
    assert expected_calibration_error(confidence, is_right) == pytest.approx(0.4)


def test_accuracy_of_no_photos_is_no_number() -> None:
    nothing = np.empty(0, int)
    assert np.isnan(mean_per_class_accuracy(nothing, nothing))


def test_the_harmonic_mean_is_that_of_two_numbers_in_any_order() -> None:
    assert harmonic_mean(0.25, 0.75) == harmonic_mean(0.75, 0.25) == 0.375
    assert harmonic_mean(0.5, 0.5) == 0.5


def test_the_report_agrees_with_the_answers_themselves() -> None:
    scores, labels, is_seen = scored(1)
    of_seen = is_seen[labels]
    predicted = (scores - 0.5 * is_seen).argmax(1)
    alone = np.flatnonzero(~is_seen)[scores[:, ~is_seen].argmax(1)]
    report = gzsl_report(scores, labels, is_seen, 0.5)
    assert list(report) == ["T", "u", "s", "H", "best_H", "AUSUC"]
    assert report["s"] == pytest.approx(mean_per_class_accuracy(labels[of_seen], predicted[of_seen]))
    assert report["u"] == pytest.approx(mean_per_class_accuracy(labels[~of_seen], predicted[~of_seen]))
    assert report["T"] == pytest.approx(mean_per_class_accuracy(labels[~of_seen], alone[~of_seen]))
    assert report["H"] == harmonic_mean(report["s"], report["u"])
    assert report["H"] <= report["best_H"] <= 1
    assert accuracies(scores, labels, is_seen, 0.5) == (report["s"], report["u"])
    curve = seen_unseen_curve(scores, labels, is_seen)
    assert (report["best_H"], report["AUSUC"]) == (curve.best_harmonic_mean, curve.area)


def test_a_report_needs_photos_of_both_kinds() -> None:
    scores, labels, is_seen = scored()
    of_seen = is_seen[labels]
    for rows, told in ((of_seen, "and 0 of unseen"), (~of_seen, "^0 photos of seen")):
        with pytest.raises(DataError, match=told):
            gzsl_report(scores[rows], labels[rows], is_seen, 0.0)


def test_points_are_spread_along_the_curve_and_finite() -> None:
    curve = seen_unseen_curve(*scored())
    points = curve.points(11)
    assert 2 <= len(points) <= 11
    finite = np.flatnonzero(np.isfinite(curve.penalty))
    ends = [(curve.penalty[i], curve.seen[i], curve.unseen[i]) for i in (finite[0], finite[-1])]
    assert [points[0], points[-1]] == ends
    assert np.isfinite(points).all()
    assert [point[0] for point in points] == sorted(point[0] for point in points)
    assert len(curve.points()) == min(101, len(finite))


def test_the_calibration_error_of_one_photo_is_its_own_gap() -> None:
    one = np.array([0.8])
    assert expected_calibration_error(one, np.array([True])) == pytest.approx(0.2)
    assert expected_calibration_error(one, np.array([False])) == pytest.approx(0.8)
    assert expected_calibration_error(np.array([1.0, 0.0]), np.array([True, False])) == 0.0


def test_one_photo_of_one_unseen_class_is_half_of_the_curve() -> None:
    scores, labels = np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([0, 1])
    curve = seen_unseen_curve(scores, labels, np.array([True, False]))
    assert (curve.unseen[-1], curve.seen[0]) == (1.0, 1.0)
