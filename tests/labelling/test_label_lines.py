from __future__ import annotations

import io

import pyarrow as pa
import pytest

from zsl_images.labelling.label_cells import CellError
from zsl_images.labelling.label_lines import CsvRows, JsonRows

SCHEMA = pa.schema([("path", pa.string()), ("size", pa.int64())])


def csv_rows(text: str) -> CsvRows:
    return CsvRows(lambda: io.StringIO(text, newline=""), SCHEMA)


def json_rows(text: str) -> JsonRows:
    return JsonRows(lambda: io.StringIO(text), SCHEMA)


@pytest.mark.parametrize(
    "text",
    [
        "path,size\r\na,1\r\n",
        "path;size\na;1\n",
        "path\tsize\na\t1\n",
        'sep=;\r\npath;size\r\n"a";1\r\n',
        "path,size\n\n,\na,1\n ,\n",
        "path,size,,\na,1,,\n",
        "size,path\n1.0,a",
    ],
)
def test_rows_are_read_whatever_separates_them(text: str) -> None:
    rows = csv_rows(text)
    assert list(rows) == [{"path": "a", "size": 1}]
    assert rows.own == []


def test_columns_of_a_users_own_stay_text() -> None:
    rows = csv_rows("path,checked,size\na,=B1,1\nb,,2\n")
    assert rows.own == ["checked"]
    assert [row["checked"] for row in rows] == ["=B1", ""]
    lines = json_rows(
        '{"path": "a", "size": 1, "n": 1.50}\n\n{"size": 2.0, "path": "b", "m": {"x": null}}'
    )
    assert lines.own == ["n", "m"]
    assert list(lines) == [
        {"path": "a", "size": 1, "n": "1.5"},
        {"path": "b", "size": 2, "m": '{"x": null}'},
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("path,size\na,1\nb\n", "line 3: 1 cells, expected 2"),
        ("path,size\na,1,note\n", "line 2: .*without a name"),
        (",path,size\n0,a,1\n", "line 2: .*without a name"),
        ("path,size\na,x\n", "line 2: column size holds 'x'"),
    ],
)
def test_what_would_be_lost_is_refused(text: str, message: str) -> None:
    with pytest.raises(CellError, match=message):
        list(csv_rows(text))


def test_other_files_are_refused() -> None:
    for text in ("", "path\na\n", "a,b\n1,2\n"):
        with pytest.raises(LookupError, match="it has no columns"):
            csv_rows(text)
    with pytest.raises(LookupError, match="two columns note"):
        csv_rows("path,size,note,note\n")
    for text in ("[1]", '{"path": "a"}'):
        with pytest.raises(LookupError):
            json_rows(text)
    with pytest.raises(CellError, match="line 1"):
        json_rows("{")
    with pytest.raises(CellError, match="line 2: column size"):
        list(json_rows('{"path": "a", "size": 1}\n{"path": "a", "size": "x"}'))
