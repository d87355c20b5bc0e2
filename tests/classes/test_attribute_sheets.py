from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zsl_images.classes.attribute_sheets import AttributeSheet, write_sheet
from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import ClassTableError


def test_every_value_is_found_again_by_its_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("class,stripes,horns\n\nzebra,90,\nant,no,5\ngnu,0,9\n")
    sheet = AttributeSheet.read(path)
    assert (sheet.header_line, sheet.names, sheet.lines) == (1, ("zebra", "ant", "gnu"), (3, 4, 5))
    assert (sheet.attribute_names, sheet.columns) == (("stripes", "horns"), (2, 3))
    np.testing.assert_array_equal(sheet.values, [[90, np.nan], [np.nan, 5], [0, 9]])
    np.testing.assert_array_equal(sheet.filled, [[90, 7], [45, 5], [0, 9]])
    assert sheet.columns_of(["horns", "stripes"]) == [1, 0]
    assert [(finding.kind, finding.place) for finding in sheet.findings] == [
        ("missing", (3, 3)),
        ("number", (4, 2)),
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("class,a\n", "no class"),
        ("class\nx\n", "line 1: only one column"),
        ("class,a\nx,1\ny,1,2\n", "line 3: 3 cells, expected 2"),
        ("class,a\nx,1\n\nx,2\n", "line 4, column 1: class 'x' already appears in line 2"),
        ("class,a,b,a\nx,1,2,3\n", "line 1, column 4: attribute 'a' already appears in column 2"),
        ("class,a,b\nx,1,hoofed\n", r"line 2, column 3 \(b\): 'hoofed' is not a finite number"),
        ('class,a\nx,"1,5"\n', "use a point for decimals"),
        ("class;a\nx;1,5\ny;2.5\n", "use a point for decimals"),
        ("class,a\nx,1_0\n", "'1_0' is not a finite number"),
        ("class,a\nwolf,1\nWolf,2\n", "class 'Wolf' already appears as 'wolf' in line 2"),
        ('class,a\n"wo\nlf",1\n', r"line 2, column 1: the name 'wo\\nlf' has a line break"),
        ("class,a\nwo\u202elf,1\n", "has a direction mark"),
        ("class,a\nwo\x1blf,1\n", "has a control character"),
        ("class,a\nx,inf\n", "'inf' is not a finite number"),
        ("class,a\n,1\n", "line 2, column 1: the class has no name"),
        ("class,a,\nx,1,2\n", "line 1, column 3: the attribute has no name"),
        ("class,a,b\nx,1,\ny,2,\n", r"column 3 \(b\): no class has a value"),
        (b"class,a\nx\x00y,1\n", "binary data"),
        ('class,a\n"x,1\n', "line 2"),
    ],
)
def test_errors_name_their_place(tmp_path: Path, content: str | bytes, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ClassTableError, match=message):
        ClassTable.read(path)


def test_a_sheet_is_read_as_it_was_written(tmp_path: Path) -> None:
    names, attributes = ("a, b", 'the "c"', "d", "löwe"), ("x;y", "two\nlines")
    values = np.array([[1 / 3, 1e-7], [-5, 2**24], [0, 0.1], [7, 8]], np.float32)
    for name in ("table.csv", "table.tsv"):
        write_sheet(tmp_path / name, names, attributes, values)
        table = ClassTable.read(tmp_path / name)
        assert (table.names, table.attribute_names) == (names, attributes)
        np.testing.assert_array_equal(table.attributes, values)
    assert (tmp_path / "table.tsv").read_text("utf-8").startswith('class\tx;y\t"two\nlines"\n')
    assert sorted(path.name for path in tmp_path.iterdir()) == ["table.csv", "table.tsv"]


@pytest.mark.parametrize("separator", [";", "\t"])
def test_decimal_commas_are_read_if_commas_separate_nothing(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "table.csv"
    path.write_text("class,a,b\nx,0.5,-3.25\ny,2,1\n".replace(",", separator).replace(".", ","))
    np.testing.assert_array_equal(ClassTable.read(path).attributes, [[0.5, -3.25], [2, 1]])


def test_a_per_cent_sign_is_no_part_of_an_attributes_name(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("class;black, %;big (%);tail [ % ];fur%;%\nant;1;2;3;4;5\ngnu;0;0;0;0;0\n")
    assert AttributeSheet.read(path).attribute_names == ("black", "big", "tail", "fur", "%")
    path.write_text("class;size;size %\nant;1;2\ngnu;0;0\n")
    assert AttributeSheet.read(path).attribute_names == ("size", "size %")


def test_one_cause_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("class,a,b\n" + "".join(f'c{n},"{n},5",no\n' for n in range(50)))
    found = [(f.kind, f.place, f.count) for f in AttributeSheet.read(path).findings]
    assert found == [("decimal comma", (2, 2), 50), ("number", (2, 3), 50)]
    with pytest.raises(ClassTableError, match=r"'0,5' has a decimal comma.*\(99 more errors"):
        ClassTable.read(path)


def test_a_number_that_a_head_cannot_hold_is_told_with_its_place(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("class,stripes\nzebra,1e39\ncow,1\n")
    with pytest.raises(ClassTableError, match=r"a.csv, line 2, column 2.*'1e39' is not a finite"):
        ClassTable.read(tmp_path / "a.csv")


def test_per_cent_signs_are_one_finding(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("class,a,b\n" + "".join(f"c{n},{n}.5%,{n} %\n" for n in range(50)))
    (found,) = AttributeSheet.read(path).findings
    assert (found.kind, found.place, found.count) == ("per cent", (2, 2), 100)
    assert "'0.5%' has a per cent sign; give numbers alone" in found.message


def test_an_empty_first_column_is_one_finding(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text(",class,a,b\n" + "".join(f",c{n},1,2\n" for n in range(5)))
    (found,) = AttributeSheet.read(path).findings
    assert (found.kind, found.is_error) == ("empty column", True)
    assert "the first column is empty throughout" in found.message
