from __future__ import annotations

from typing import Any

import pytest

from zsl_images.labelling.label_cells import CellError, from_cell, from_json, to_cell
from zsl_images.labelling.label_files import SCHEMA


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("is_seen", "True", True),
        ("is_seen", "FALSE", False),
        ("is_seen", "true", True),
        ("is_seen", "1.0", True),
        ("mtime", "1795526858662454408", 1_795_526_858_662_454_408),
        ("mtime", "1.79553E+18", 1_795_530_000_000_000_000),
        ("mtime", "1,79553E+18", 1_795_530_000_000_000_000),
        ("size", "42945.0", 42_945),
        ("probability", "0,75", 0.75),
        ("probability", " 1 ", 1.0),
        ("top_labels", '["a", "b"]', ["a", "b"]),
        ("top_probabilities", "[1, 0.0]", [1.0, 0.0]),
        ("top_labels", "['a', 'b']", ["a", "b"]),
        ("label", "'=1", "=1"),
        ("label", "", None),
        ("probability", "", None),
        ("top_labels", "", None),
    ],
)
def test_cells_are_read_as_other_programs_write_them(column: str, cell: str, value: Any) -> None:
    assert from_cell(SCHEMA.field(column), cell) == value


@pytest.mark.parametrize(
    ("column", "cell", "expected"),
    [
        ("is_seen", "perhaps", "True or False"),
        ("mtime", "2019-01-01", "a whole number"),
        ("mtime", "inf", "a whole number"),
        ("probability", "09. Jan", "a number"),
        ("top_labels", "['a' 'b']", "a list in square brackets"),
        ("top_labels", '"a"', "a list in square brackets"),
    ],
)
def test_a_cell_of_something_else_is_named(column: str, cell: str, expected: str) -> None:
    with pytest.raises(CellError, match=f"column {column} holds .*expected {expected}"):
        from_cell(SCHEMA.field(column), cell)


def test_values_of_json_may_have_fractions() -> None:
    assert from_json(SCHEMA.field("size"), 3.0) == 3
    assert from_json(SCHEMA.field("is_seen"), 1) is True
    assert from_json(SCHEMA.field("is_seen"), "TRUE") is True
    assert from_json(SCHEMA.field("top_labels"), '["a"]') == ["a"]
    assert from_json(SCHEMA.field("top_probabilities"), [1, 0.5]) == [1.0, 0.5]
    assert from_json(SCHEMA.field("label"), None) is None
    for column, value in (("label", 3), ("top_labels", "a"), ("size", "x"), ("is_seen", 2)):
        with pytest.raises(CellError, match=column):
            from_json(SCHEMA.field(column), value)


def test_what_is_written_is_read_back() -> None:
    for value in ("=1+1", "'quoted", "-", "plain", "@x"):
        assert from_cell(SCHEMA.field("label"), to_cell(value)) == value
    assert from_cell(SCHEMA.field("top_labels"), to_cell(["ü", '"'])) == ["ü", '"']
