from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zsl_images.classes.class_table import ClassTable, another_scale
from zsl_images.errors import ClassTableError, ClassTableWarning


def written(tmp_path: Path, content: str | bytes, name: str = "table.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_reads_names_attributes_and_values_in_order(tmp_path: Path) -> None:
    table = ClassTable.read(written(tmp_path, "class,stripes,size\nzebra,90,60\nant,0,1.5\n"))
    assert table.names == ("zebra", "ant")
    assert table.attribute_names == ("stripes", "size")
    np.testing.assert_array_equal(table.attributes, [[90, 60], [0, 1.5]])
    assert not table.is_seen.any()


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
    table = ClassTable.read(written(tmp_path, content))
    assert table.names == ("zebra", "ant")
    np.testing.assert_array_equal(table.attributes, [[90, 60], [0, 1]])


def test_missing_cells_take_the_mean_of_their_column_and_it_is_said_once(tmp_path: Path) -> None:
    path = written(tmp_path, "class,a,b\nx,,1\ny,10,NA\nz,20,3\n")
    with pytest.warns(ClassTableWarning, match=r"2 missing cells .*\(a, b\)") as said:
        table = ClassTable.read(path)
    assert len(said) == 1
    np.testing.assert_array_equal(table.attributes, [[15, 1], [10, 2], [20, 3]])


def test_windows_encoding_is_read_with_a_warning(tmp_path: Path) -> None:
    path = written(tmp_path, "class,a\nlöwe,1\nbär,2\n".encode("cp1252"))
    with pytest.warns(ClassTableWarning, match="not UTF-8"):
        assert ClassTable.read(path).names == ("löwe", "bär")


def test_a_constant_column_is_warned_of(tmp_path: Path) -> None:
    path = written(tmp_path, "class,a,same\nx,1,5\ny,2,5\n")
    with pytest.warns(ClassTableWarning, match=r"same \(column 3\)"):
        ClassTable.read(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "is empty"),
        ("class,a\n", "no class"),
        ("class\nx\n", "line 1: only one column"),
        ("class,a\nx,1\ny,1,2\n", "line 3: 3 cells, expected 2"),
        ("class,a\nx,1\n\nx,2\n", "line 4, column 1: class 'x' stands already in line 2"),
        ("class,a,b,a\nx,1,2,3\n", "line 1, column 4: attribute 'a' stands already in column 2"),
        ("class,a,b\nx,1,hoofed\n", r"line 2, column 3 \(b\): 'hoofed' is not a finite number"),
        ("class;a\nx;1,5\n", "use a point for decimals"),
        ("class,a\nx,inf\n", "'inf' is not a finite number"),
        ("class,a\n,1\n", "line 2, column 1: the class has no name"),
        ("class,a,\nx,1,2\n", "line 1, column 3: the attribute has no name"),
        ("class,a,b\nx,1,\ny,2,\n", r"column 3 \(b\): no class has a value"),
        (b"class,a\nx\x00y,1\n", "binary data"),
        ('class,a\n"x,1\n', "line 2"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(ClassTableError, match=message):
        ClassTable.read(written(tmp_path, content))


def test_no_such_file_is_a_class_table_error(tmp_path: Path) -> None:
    with pytest.raises(ClassTableError, match="cannot read"):
        ClassTable.read(tmp_path / "none.csv")


def test_attributes_are_matched_by_name_in_any_order(colour_table: ClassTable) -> None:
    shuffled = ClassTable(
        colour_table.names, colour_table.attribute_names[::-1], colour_table.attributes[:, ::-1]
    )
    aligned = shuffled.aligned_to(colour_table.attribute_names)
    np.testing.assert_array_equal(aligned.attributes, colour_table.attributes)


def test_a_lacking_attribute_is_named_with_the_nearest_one(colour_table: ClassTable) -> None:
    table = ClassTable(("x",), ("rednes", "greenness", "blueness", "light"), np.ones((1, 4)))
    with pytest.raises(ClassTableError, match=r"redness \(did you mean rednes\?\)"):
        table.aligned_to(colour_table.attribute_names)


def test_attributes_unknown_to_the_head_are_left_out_with_a_warning() -> None:
    table = ClassTable(("x",), ("a", "b"), np.array([[1, 2]]))
    with pytest.warns(ClassTableWarning, match="left out: b"):
        assert table.aligned_to(("a",)).attribute_names == ("a",)


def test_written_and_read_again_it_is_the_same(tmp_path: Path, colour_table: ClassTable) -> None:
    for name in ("table.csv", "table.tsv"):
        colour_table.write(tmp_path / name)
        again = ClassTable.read(tmp_path / name)
        assert again.names == colour_table.names
        np.testing.assert_allclose(again.attributes, colour_table.attributes, rtol=1e-6)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["table.csv", "table.tsv"]


def test_select_join_and_seen(colour_table: ClassTable) -> None:
    marked = colour_table.with_seen(["red", "blue", "unheard of"])
    assert [n for n, s in zip(marked.names, marked.is_seen, strict=True) if s] == ["red", "blue"]
    two = marked.select(["blue", "green"])
    assert two.names == ("blue", "green")
    assert two.is_seen.tolist() == [True, False]
    assert two.joined(marked.select(["red"])).names == ("blue", "green", "red")
    with pytest.raises(ClassTableError, match="in both"):
        two.joined(marked)
    with pytest.raises(ClassTableError, match="reed"):
        marked.select(["reed"])


def test_values_that_are_not_finite_are_refused() -> None:
    with pytest.raises(ClassTableError, match="'b' of class 'y'"):
        ClassTable(("x", "y"), ("a", "b"), np.array([[1, 2], [3, np.nan]]))


@pytest.mark.parametrize("name", ["", " "])
def test_blank_names_are_refused(name: str) -> None:
    with pytest.raises(ClassTableError, match="blank"):
        ClassTable(("x", name), ("a",), np.ones((2, 1)))


def test_an_attribute_may_begin_as_the_columns_of_descriptions_do() -> None:
    names = ("a", "text on body", "text some/model abababababab 1", "text some/model abababababab 2")
    assert ClassTable(("x",), names, np.ones((1, 4))).text_dim == 2
    assert ClassTable(("x",), names[:2], np.ones((1, 2))).text_dim == 0


def test_two_tables_of_zeros_are_on_one_scale() -> None:
    zeros, ones = np.zeros((2, 1)), np.ones((2, 1))
    assert another_scale(zeros, zeros) is None
    assert "up to 0" in str(another_scale(ones, zeros))
