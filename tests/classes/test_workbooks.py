"""Excel workbooks, written by openpyxl as a spreadsheet would."""

from __future__ import annotations

import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zsl_images.classes.class_rows import ClassRow
from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.taxonomy import Taxonomy
from zsl_images.errors import ClassTableError, OutputError

openpyxl = pytest.importorskip("openpyxl")
ROWS = [["class", "stripes", "size"], ["zebra", 90, 60.5], ["ant", 0, 0.1 + 0.2]]


def book(path: Path, **sheets: list[list[Any]]) -> Path:
    """A workbook with these sheets."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for title, rows in sheets.items():
        page = workbook.create_sheet(title)
        for row in rows:
            page.append(row)
    workbook.save(path)
    return path


@pytest.mark.parametrize("name", ["table.xlsx", "table.xlsm", "named_wrongly.csv"])
def test_the_first_sheet_is_read(tmp_path: Path, name: str) -> None:
    table = ClassTable.read(book(tmp_path / name, Animals=[*ROWS, [None] * 3], Other=[["x"]]))
    assert (table.names, table.attribute_names) == (("zebra", "ant"), ("stripes", "size"))
    np.testing.assert_array_equal(table.attributes, np.float32([[90, 60.5], [0, 0.3]]))


def test_a_sheet_can_be_named(tmp_path: Path) -> None:
    path = book(
        tmp_path / "t.xlsx", Notes=[["nothing"]], Animals=ROWS, Groups=[["class", "g"], ["ant", "x"]]
    )
    assert ClassTable.read(f"{path}#Animals").names == ("zebra", "ant")
    assert Taxonomy.read(f"{path}#Groups").levels == ("class", "g")
    with pytest.raises(ClassTableError, match=r"no sheet 'Birds'; it has Notes, Animals, Groups"):
        ClassTable.read(f"{path}#Birds")


def test_errors_name_the_row_of_the_workbook(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", A=[*ROWS, ["gnu", "many", 1]])
    with pytest.raises(ClassTableError, match=r"line 4, column 2 \(stripes\): 'many' is not"):
        ClassTable.read(path)
    path = book(tmp_path / "t.xlsx", A=[*ROWS, ["gnu", 1, "=1+1"]])
    with pytest.raises(ClassTableError, match="=1\\+1 has no value yet"):
        ClassTable.read(path)


def test_what_is_no_workbook_of_today_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "old.xls"
    for content, message in (
        (b"\xd0\xcf\x11\xe0 old", "old form, or has a password"),
        (b"PK\x03\x04 damaged", "cannot be read as an Excel workbook"),
    ):
        path.write_bytes(content)
        with pytest.raises(ClassTableError, match=message):
            ClassTable.read(path)


def test_workbooks_are_not_written(tmp_path: Path) -> None:
    path = book(tmp_path / "t.xlsx", A=ROWS)
    before = path.read_bytes()
    row = ClassRow.like("okapi", "zebra", {}, path)
    assert row.to_csv() == "class,stripes,size\nokapi,90,60.5\n"
    with pytest.raises(ClassTableError, match="save it as CSV"):
        row.append_to(path)
    for write in (row.append_to, ClassTable.read(path).write):
        with pytest.raises(OutputError, match="not written"):
            write(tmp_path / "new.xlsx")
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.xlsx"]


def test_reading_says_nothing(tmp_path: Path) -> None:
    with warnings.catch_warnings(action="error"):
        ClassTable.read(book(tmp_path / "t.xlsx", A=ROWS))


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["class", "stripes"])
    book.save(tmp_path / "a.xlsx")
    data = bytearray((tmp_path / "a.xlsx").read_bytes())
    at = data.index(b"xl/worksheets/sheet1.xml") + 40
    data[at : at + 40] = bytes(range(40))
    (tmp_path / "a.xlsx").write_bytes(bytes(data))
    with pytest.raises(ClassTableError, match=r"a.xlsx cannot be read as an Excel workbook"):
        ClassTable.read(tmp_path / "a.xlsx")


def test_a_workbook_that_unpacks_to_far_more_than_it_holds_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b" " * 2**28)
    with pytest.raises(ClassTableError, match="unpacks to 256 MiB, expected 128 at most"):
        ClassTable.read(tmp_path / "a.xlsx")


def test_a_cell_in_the_last_corner_takes_no_memory(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["class", "stripes"])
    book.active["XFD1048576"] = 1
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(ClassTableError, match="reaches to row 1048576 and column 16384"):
        ClassTable.read(tmp_path / "a.xlsx")
