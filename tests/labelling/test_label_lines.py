from __future__ import annotations

import io
import json
from typing import Any

import pytest

from zsl_images.labelling.label_cells import CellError
from zsl_images.labelling.label_lines import CsvRows, JsonRows
from zsl_images.labelling.label_schema import REQUIRED

LISTS = {"top_labels", "top_probabilities"}
NAMES = sorted(REQUIRED - LISTS - {"path", "size"})
"""Columns that label files also have, and that these tests leave empty."""


def csv_text(text: str, mark: str = ",") -> str:
    """A text of CSV, with the other columns of a label file behind those of its header."""
    header, *lines = text.splitlines(keepends=True)
    line = header.rstrip("\r\n")
    added = [mark.join([line, *NAMES]) + header[len(line) :]]
    for text_line in lines:
        cells = text_line.rstrip("\r\n")
        added.append(cells + (mark * len(NAMES) if cells.strip(" ,") else "") + text_line[len(cells) :])
    return "".join(added)


def csv_rows(text: str) -> CsvRows:
    return CsvRows(lambda: io.StringIO(text, newline=""))


def json_rows(*rows: Any) -> JsonRows:
    empty = dict.fromkeys([*NAMES, *LISTS])
    text = "\n".join(row if isinstance(row, str) else json.dumps({**empty, **row}) for row in rows)
    return JsonRows(lambda: io.StringIO(text))


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("path,size\r\na,1\r\n", ","),
        ("path;size\na;1\n", ";"),
        ("path\tsize\na\t1\n", "\t"),
        ("path,size\n\n,\na,1\n ,\n", ","),
        ("size,path\n1.0,a", ","),
        (",size,path,\n,1,a,\n", ","),
    ],
)
def test_rows_are_read_whatever_separates_them(text: str, mark: str) -> None:
    for start in ("", f"sep={mark}\r\n"):
        rows = csv_rows(start + csv_text(text, mark))
        (row,) = rows
        assert (row["path"], row["size"]) == ("a", 1)
        assert rows.own == []


def test_columns_of_a_users_own_stay_text() -> None:
    rows = csv_rows(csv_text("path,checked,size\na,=B1,1\nb,,2\n"))
    assert rows.own == ["checked"]
    assert [row["checked"] for row in rows] == ["=B1", ""]
    lines = json_rows(
        {"path": "a", "size": 1, "n": 1.50}, "", {"size": 2.0, "path": "b", "m": {"x": None}}
    )
    assert lines.own == ["n", "m"]
    assert [(row["path"], row["size"], row.get("n"), row.get("m")) for row in lines] == [
        ("a", 1, "1.5", None),
        ("b", 2, None, '{"x": null}'),
    ]


def test_flat_candidates_are_lists_and_no_columns_of_a_user() -> None:
    rows = csv_rows(csv_text("path,size,top1_label,top2_label,top_pick\na,1,x,y,z\nb,1,,,\n"))
    assert rows.own == ["top_pick"]
    assert [row["top_labels"] for row in rows] == [["x", "y"], None]
    named = dict.fromkeys(NAMES) | {"path": "a", "size": 1}
    lines = json_rows(json.dumps(named | {"top1_label": "x", "top1_probability": 1}))
    assert lines.own == []
    assert [(row["top_labels"], row["top_probabilities"]) for row in lines] == [(["x"], [1.0])]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,1{rest}\nb\n", "line 3: 1 cells, expected"),
        ("a,1{rest},note\n", "line 2: .*without a name"),
        ("a,x{rest}\n", "line 2: column size holds 'x'"),
    ],
)
def test_what_would_be_lost_is_refused(text: str, message: str) -> None:
    header = ",".join(["path", "size", *NAMES])
    with pytest.raises(CellError, match=message):
        list(csv_rows(f"{header}\n{text.format(rest=',' * len(NAMES))}"))


def test_a_column_of_a_user_with_a_name_that_came_later_is_refused() -> None:
    with pytest.raises(LookupError, match="columns of yours named like new ones: top1_label; rename"):
        csv_rows(csv_text("path,size,top_labels,top_probabilities,top1_label\na,1,[],[],mine\n"))
    row = {"path": "a", "size": 1, "top_labels": [], "top_probabilities": [], "top1_label": "mine"}
    assert json_rows(row).own == ["top1_label"]


def test_a_cell_before_the_first_name_is_refused() -> None:
    with pytest.raises(CellError, match=r"line 2: .*without a name"):
        list(csv_rows(csv_text(",path,size\n0,a,1\n")))


def test_other_files_are_refused() -> None:
    for text in ("", "path\na\n", "a,b\n1,2\n"):
        with pytest.raises(LookupError, match="it has no columns"):
            csv_rows(text)
    with pytest.raises(LookupError, match="two columns note"):
        csv_rows(csv_text("path,size,note,note\n"))
    for text in ("[1]", '{"path": "a"}'):
        with pytest.raises(LookupError):
            json_rows(text)
    with pytest.raises(CellError, match="line 1"):
        json_rows("{")
    with pytest.raises(CellError, match="line 2: column size"):
        list(json_rows({"path": "a", "size": 1}, {"path": "a", "size": "x"}))
