"""Edits of the class table: other values, and new classes below."""

from __future__ import annotations

import numpy as np
import pytest

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError
from zsl_images.web.edits import edited
from zsl_images.web.limits import Limits
from zsl_images.web.schemas import Edits, NewClass


def test_values_change_and_classes_join_while_the_classifier_stays(trained: ZeroShotClassifier) -> None:
    attributes = dict.fromkeys(trained.table.attribute_names, 100.0)
    edits = Edits(
        classes=[NewClass(name="beige", attributes=attributes)],
        changes={"red": {"redness": 150, "light": 90}, "orange": {"greenness": 60}},
    )
    before = trained.table.attributes.copy()
    table = edited(trained, edits, Limits()).table
    assert table.names == (*trained.classes, "beige")
    expected = np.concatenate([before, np.full((1, 4), 100, np.float32)])
    for row, column, value in (("red", 0, 150), ("red", 3, 90), ("orange", 1, 60)):
        expected[table.names.index(row), column] = value
    np.testing.assert_array_equal(table.attributes, expected)
    np.testing.assert_array_equal(table.is_seen[:-1], trained.table.is_seen)
    np.testing.assert_array_equal(trained.table.attributes, before)


def test_without_edits_nothing_is_made(trained: ZeroShotClassifier) -> None:
    assert edited(trained, Edits(), Limits()) is trained


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"pink": {"redness": 1}}, "pink"),
        ({"red": {"taste": 1}}, "taste"),
        ({"red": {"redness": 9999}}, "out of the table's range"),
    ],
)
def test_changes_that_cannot_be_made_are_refused(trained, changes, reason: str) -> None:
    with pytest.raises(ClassTableError, match=reason):
        edited(trained, Edits(changes=changes), Limits())


def test_a_name_that_cannot_be_shown_is_refused(trained: ZeroShotClassifier) -> None:
    attributes = dict.fromkeys(trained.table.attribute_names, 100.0)
    with pytest.raises(ClassTableError, match="a line break"):
        edited(trained, Edits(classes=[NewClass(name="a\nb", attributes=attributes)]), Limits())
