from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from zsl_images.classes.attribute_sheets import AttributeSheet
from zsl_images.classes.sheets import Sheet, line_of
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
        "sep=;\r\nclass;stripes;size\r\nzebra;90;60\r\nant;0;1\r\n",
        '"sep=|"\nclass|stripes|size\nzebra|90|60\nant|0|1\n',
        "class,stripes,size,,\nzebra,90,60,,\nant,0,1,,\n,,,,\n",
    ],
    ids=[
        "tabs",
        "semicolons and CRLF",
        "BOM",
        "UTF-16",
        "quotes and blanks",
        "sep line",
        "quoted sep line",
        "empty columns at the end",
    ],
)
def test_reads_the_common_dialects(tmp_path: Path, content: str | bytes) -> None:
    sheet = Sheet.read(written(tmp_path, content), "class,a")
    assert [cells for _, cells in sheet.rows] == ROWS
    assert sheet.findings == ()


@pytest.mark.parametrize(
    ("content", "header"),
    [
        ("class;a, %;b, %\nx;1;2\ny;3;4\n", ("class", "a, %", "b, %")),
        ("class;a\nx;one, two\ny;three, four\n", ("class", "a")),
        ("class,a\nx,one; two\ny,three\n", ("class", "a")),
        ("class;a, b\nx;1,5\ny;2,5\n", ("class", "a, b")),
    ],
)
def test_what_parts_every_row_alike_separates_the_cells(
    tmp_path: Path, content: str, header: tuple[str, ...]
) -> None:
    sheet = Sheet.read(written(tmp_path, content), "class,a")
    assert sheet.rows[0][1] == header
    assert sheet.findings == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (",class,a\n0,zebra,1\n1,ant,2\n", "the first column holds 0, 1, ... and the second the names"),
        ("id,name,a\n17,zebra,1\n3,ant,2\n", "the first column holds 17, 3, ..."),
        ("Animals,,\nclass,a,b\nx,1,2\n", "looks like a title: the header, such as"),
        ("Animals\n\nclass,a,b\nx,1,2\ny,1,2\n", "looks like a title: the header, such as"),
    ],
)
def test_rows_in_another_form_are_one_error_that_names_the_cause(
    tmp_path: Path, content: str, message: str
) -> None:
    (finding,) = AttributeSheet.read(written(tmp_path, content)).findings
    assert finding.is_error
    assert message in finding.message


def test_classes_may_be_named_by_numbers(tmp_path: Path) -> None:
    for content in ("class,a\n1,5\n2,6\n", "class,group\n1,fish\n2,bird\n"):
        assert Sheet.read(written(tmp_path, content), "class,a").findings == ()


def test_a_shorter_row_is_told_once_with_the_number_of_others(tmp_path: Path) -> None:
    (finding,) = Sheet.read(written(tmp_path, "class,a,b\nx,1,2\ny,1\nz,2\n"), "class,a").findings
    assert (finding.place, finding.count) == ((3, 0), 2)
    assert finding.text == "2 cells, expected 3 as in the header (and 1 more)"


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


def test_a_missing_file_is_a_class_table_error(tmp_path: Path) -> None:
    with pytest.raises(ClassTableError, match="cannot read the class table"):
        Sheet.read(tmp_path / "none.csv", "class,a")
