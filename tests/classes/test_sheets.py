from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from zsl_images.classes.sheets import Finding, Sheet, line_of, located, raise_first_error
from zsl_images.errors import ClassTableError

ROWS = [("class", "stripes", "size"), ("zebra", "90", "60"), ("ant", "0", "1")]


def written(tmp_path: Path, content: str | bytes) -> Path:
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize(
    "content",
    [
        "class\tstripes\tsize\nzebra\t90\t60\nant\t0\t1\n",
        "class;stripes;size\r\nzebra;90;60\r\n\r\nant;0;1\r\n",
        b"\xef\xbb\xbfclass,stripes,size\nzebra,90,60\nant,0,1\n",
        "class,stripes,size\nzebra,90,60\nant,0,1\n".encode("utf-16"),
        'class,stripes,size\n"zebra",90,60\n ant ,0, 1\n',
    ],
    ids=["tabs", "semicolons and CRLF", "BOM", "UTF-16", "quotes and blanks"],
)
def test_reads_the_common_dialects(tmp_path: Path, content: str | bytes) -> None:
    sheet = Sheet.read(written(tmp_path, content), "class,a")
    assert [cells for _, cells in sheet.rows] == ROWS
    assert sheet.findings == ()


def test_rows_keep_their_lines(tmp_path: Path) -> None:
    sheet = Sheet.read(written(tmp_path, '\nclass,a\n\n"x\ny",1\nz,2\n'), "class,a")
    assert sheet.rows == ((2, ("class", "a")), (4, ("x\ny", "1")), (6, ("z", "2")))


@pytest.mark.parametrize("cell", ["a,b", 'a"b', "a\nb", "a\rb", "a\r\nb", " a", ""])
def test_a_line_is_read_as_the_cells_it_was_made_of(cell: str) -> None:
    for delimiter in ",;\t":
        line = line_of([cell, "x"], delimiter)
        assert list(csv.reader(io.StringIO(line, newline=""), delimiter=delimiter)) == [[cell, "x"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_a_row_is_appended_in_the_encoding_of_the_file(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, "class,a\nlöwe,1".encode(encoding))
    path.write_bytes(Sheet.read(path, "class,a").appended(["bär", "2"]))
    assert path.read_bytes().decode(encoding) == "class,a\nlöwe,1\nbär,2\n"


def test_the_first_error_is_raised_and_the_others_are_counted() -> None:
    warning = Finding("missing", "no value", 1, 1)
    second, first = (Finding("number", f"error {n}", n, 3, "size", is_error=True) for n in (5, 2))
    raise_first_error(Path("t.csv"), [warning])
    with pytest.raises(ClassTableError) as raised:
        raise_first_error(Path("t.csv"), [warning, second, first])
    expected = "t.csv, line 2, column 3 (size): error 2 (1 more errors in this file)"
    assert str(raised.value) == expected


def test_places_are_as_exact_as_they_are_known() -> None:
    assert located(Path("t.csv"), Finding("empty", "")) == "t.csv"
    assert located(Path("t.csv"), Finding("cells", "", 3)) == "t.csv, line 3"
    assert located(Path("t.csv"), Finding("a", "", 3, 2, "size")) == "t.csv, line 3, column 2 (size)"


def test_a_missing_file_is_a_class_table_error(tmp_path: Path) -> None:
    with pytest.raises(ClassTableError, match="cannot read the class table"):
        Sheet.read(tmp_path / "none.csv", "class,a")
