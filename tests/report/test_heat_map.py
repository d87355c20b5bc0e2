"""Heat maps show the attributes that differ, shaded between the least and the greatest value."""

from __future__ import annotations

import numpy as np
import pytest

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError
from zsl_images.report.heat_map import heat_map


@pytest.fixture
def table() -> ClassTable:
    """Forty classes and thirty attributes, of which the even ones are the same for all classes."""
    values = np.random.default_rng(0).uniform(0, 100, (40, 30))
    values[:, ::2] = 50
    return ClassTable(
        tuple(f"class{number}" for number in range(40)),
        tuple(f"attribute{number}" for number in range(30)),
        values,
    )


def test_classes_keep_their_order_and_unknown_ones_are_left_out(table: ClassTable) -> None:
    found = heat_map(table, ["class7", "nonsense", "class3"])
    assert list(found.rows) == ["class7", "class3"]
    assert len(heat_map(table, table.names).rows) == 30


def test_the_attributes_that_differ_most_are_shown_in_the_order_of_the_table(table: ClassTable) -> None:
    found = heat_map(table, table.names)
    odd = list(table.attribute_names[1::2])
    assert [name for name in found.attributes if name in odd] == odd
    assert len(found.attributes) == 24


def test_shades_lie_between_none_and_full(table: ClassTable) -> None:
    cells = [cell for row in heat_map(table, table.names).rows.values() for cell in row]
    assert min(cell.shade for cell in cells) == 0
    assert max(cell.shade for cell in cells) == 1
    assert {cell.text for cell in cells} >= {"50"}
    order = sorted(cells)
    assert [cell.shade for cell in order] == sorted(cell.shade for cell in order)


def test_other_classes_are_refused(table: ClassTable) -> None:
    with pytest.raises(DataError, match="none of the 1 labels"):
        heat_map(table, ["nonsense"])
