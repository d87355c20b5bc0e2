from __future__ import annotations

from dataclasses import replace

import numpy as np

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.profiles import known_by, telling_attributes, traits

TABLE = ClassTable(
    ("zebra", "horse", "whale"),
    ("stripes", "hooves", "water"),
    np.array([[90, 80, 0], [0, 82, 0], [0, 0, 99]]),
    np.array([True, False, True]),
)


def test_classes_are_known_by_photos_or_by_attributes() -> None:
    assert known_by(TABLE) == ("photos", "attributes", "photos")


def test_the_strongest_traits_come_first() -> None:
    strongest, *_, weakest = traits(TABLE, "zebra")
    assert (strongest.attribute, strongest.value, strongest.mean) == ("stripes", 90, 30)
    assert strongest.deviation > 0 > weakest.deviation
    assert weakest.attribute == "water"


def test_what_tells_a_class_from_those_like_it() -> None:
    only_horses = replace(
        TABLE,
        names=TABLE.names[:2],
        attributes=TABLE.attributes[:2],
        is_seen=TABLE.is_seen[:2],
    )
    assert telling_attributes(only_horses, "zebra", 1) == ["stripes"]
