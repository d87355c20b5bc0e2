from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.profiles import known_by, telling_attributes, traits
from zsl_images.classes.text_columns import TextColumns


def test_traits_are_measured_from_the_mean_of_the_table(colour_table: ClassTable) -> None:
    strongest, *_, weakest = traits(colour_table, "red")
    assert strongest.attribute == "redness"
    assert strongest.value == 200
    assert strongest.mean == pytest.approx(colour_table.attributes[:, 0].mean())
    assert strongest.deviation > 0 > weakest.deviation


def test_telling_attributes_separate_a_class_from_those_like_it() -> None:
    values = [[9, 9, 9], [9, 0, 9], [9, 1, 8], [0, 9, 0], [0, 0, 0], [1, 1, 1], [0, 5, 0]]
    table = ClassTable(tuple("xyzuvwt"), ("a", "b", "c"), np.array(values))
    assert telling_attributes(table, "x", 1) == ["b"] or telling_attributes(table, "x", 3)[0] == "b"
    alone = ClassTable(("x",), ("a", "b"), np.ones((1, 2)))
    assert telling_attributes(alone, "x", 5) == ["a", "b"]


def test_how_a_class_is_known(colour_table: ClassTable) -> None:
    assert known_by(colour_table.with_seen(["red"]))[:2] == ("photos", "attributes")
    text = TextColumns("e", "0" * 12, 2)
    words = ClassTable(("x",), text.names, np.ones((1, 2)), text=text)
    assert known_by(words) == ("descriptions",)
    assert known_by(replace(words, is_seen=np.array([True]))) == ("photos",)
