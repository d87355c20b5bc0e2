from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score

from zsl_images.classes.class_table import ClassTable
from zsl_images.evaluation.figures import assess


@pytest.fixture
def case() -> tuple[np.ndarray, np.ndarray, ClassTable]:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(6), [40, 30, 20, 10, 20, 30])
    scores = rng.normal(size=(len(labels), 6)).astype(np.float32)
    scores[np.arange(len(labels)), labels] += 1.5
    table = ClassTable(tuple("abcdef"), ("x",), np.zeros((6, 1)), np.arange(6) < 4)
    return scores, labels, table


def test_figures_are_those_of_an_independent_computation(case: tuple) -> None:
    scores, labels, table = case
    report = assess(scores, labels, table, seen_penalty=0.5, temperature=1.0)
    predicted = (scores - 0.5 * table.is_seen).argmax(axis=1)
    of_seen = table.is_seen[labels]
    figures = report.figures
    assert figures["per_class"] == pytest.approx(balanced_accuracy_score(labels, predicted))
    assert figures["per_image"] == pytest.approx((predicted == labels).mean())
    assert figures["s_per_image"] == pytest.approx((predicted == labels)[of_seen].mean())
    assert figures["seen_accuracy"] == figures["s"]
    assert 2 * figures["s"] * figures["u"] / (figures["s"] + figures["u"]) == pytest.approx(
        figures["H"]
    )
    assert sum(count for *_, count in report.confusions) == (predicted != labels).sum()
    assert [of_class.photos for of_class in report.per_class] == [40, 30, 20, 10, 20, 30]


def test_the_auroc_counts_pairs_in_the_right_order(case: tuple) -> None:
    scores, labels, table = case
    near, far = np.array([1.0, 2.0, 3.0]), np.array([2.5, 4.0])
    report = assess(scores, labels, table, seen_penalty=0, temperature=1.0, distances=(near, far))
    assert report.figures["unknown_AUROC"] == pytest.approx(5 / 6)


def test_calibration_is_measured_after_the_penalty(case: tuple) -> None:
    scores, labels, table = case
    plain = assess(scores, labels, table, seen_penalty=0, temperature=1.0).figures["ECE"]
    shifted = assess(
        scores + 9.0 * table.is_seen, labels, table, seen_penalty=9.0, temperature=1.0
    ).figures["ECE"]
    assert shifted == pytest.approx(plain, abs=1e-5)
