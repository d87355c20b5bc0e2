from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from zsl_images.labelling.label_cells import (
    CellError,
    check_columns,
    csv_cells,
    csv_header,
    from_cell,
    from_json,
    row_of,
    to_cell,
    top_k_of,
)
from zsl_images.labelling.label_schema import SCHEMA


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
        ("width", "640.0", 640),
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
        ("width", "wide", "a whole number"),
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


ROW = dict.fromkeys(SCHEMA.names) | {
    "path": "=photo.jpg",
    "label": "zebra",
    "probability": 0.75,
    "is_seen": True,
    "top_labels": ["zebra", "-horse", 'a "b", c'],
    "top_probabilities": [0.75, 0.2, 0.05],
    "taken": "2024-05-31 18:04:59",
    "width": 640,
    "size": 10,
    "mtime": 2**60 + 1,
}


def test_each_candidate_has_columns_of_its_own_and_no_cell_is_a_list() -> None:
    cells = dict(zip(csv_header(3), csv_cells(ROW, csv_header(3)), strict=True))
    assert (cells["top2_label"], cells["top2_probability"]) == ("'-horse", 0.2)
    assert list(cells)[:7] == [
        *("path", "label", "probability", "is_seen", "known_by"),
        *("top1_label", "top1_probability"),
    ]
    assert not any(isinstance(cell, list) for cell in cells.values())
    assert csv_cells(ROW, csv_header(4))[: csv_header(4).index("unknown_score")][-2:] == [None, None]


def test_a_row_is_read_back_as_it_was() -> None:
    for row in (ROW, dict.fromkeys(SCHEMA.names) | {"path": "x", "error": "broken", "size": 0}):
        file = io.StringIO()
        csv.writer(file).writerows([csv_header(5), csv_cells(row, csv_header(5))])
        file.seek(0)
        (cells,) = csv.DictReader(file)
        assert row_of(cells, top_k_of(cells), from_cell) == row


def test_lists_are_read_as_earlier_versions_wrote_them() -> None:
    cells = {"path": "a", "top_labels": '["zebra", "horse"]', "top_probabilities": "[0.75, 0.2]"}
    row = row_of(cells, 0, from_cell)
    assert (row["top_labels"], row["top_probabilities"]) == (["zebra", "horse"], [0.75, 0.2])


def test_candidates_keep_their_rank_if_a_cell_or_a_column_is_taken_away() -> None:
    cells = {"top1_label": "", "top3_label": "b", "top1_probability": "0,5", "top4_probability": ""}
    row = row_of(cells, top_k_of(cells), from_cell)
    assert (row["top_labels"], row["top_probabilities"]) == ([None, None, "b"], [0.5])


def test_a_value_of_a_candidate_is_named_by_its_column() -> None:
    with pytest.raises(CellError, match="column top2_probability holds 'x', expected a number"):
        row_of({"top2_probability": "x"}, 2, from_cell)


def test_columns_may_be_of_an_earlier_version_or_flat() -> None:
    names = csv_header(2)
    check_columns(SCHEMA.names)
    check_columns(names)
    check_columns(name for name in names if name != "taken")
    for missing in ("path", "head"):
        with pytest.raises(LookupError, match=f"it has no columns {missing}"):
            check_columns([name for name in names if name != missing])
    with pytest.raises(LookupError, match="it has no columns top_labels, top_probabilities"):
        check_columns(csv_header(0))
