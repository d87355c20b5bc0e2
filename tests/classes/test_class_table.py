from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.text_columns import TextColumns
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


def test_no_such_file_is_a_class_table_error(tmp_path: Path) -> None:
    with pytest.raises(ClassTableError, match="cannot read"):
        ClassTable.read(tmp_path / "none.csv")


def test_attributes_are_matched_by_name_in_any_order(colour_table: ClassTable) -> None:
    shuffled = ClassTable(
        colour_table.names, colour_table.attribute_names[::-1], colour_table.attributes[:, ::-1]
    )
    aligned = shuffled.aligned_to(colour_table.attribute_names)
    np.testing.assert_array_equal(aligned.attributes, colour_table.attributes)


def test_a_missing_attribute_is_named_with_the_nearest_one(colour_table: ClassTable) -> None:
    table = ClassTable(("x",), ("rednes", "greenness", "blueness", "light"), np.ones((1, 4)))
    with pytest.raises(ClassTableError, match=r"redness \(did you mean rednes\?\)"):
        table.aligned_to(colour_table.attribute_names)


def test_attributes_unknown_to_the_head_are_left_out_with_a_warning() -> None:
    table = ClassTable(("x",), ("a", "b"), np.array([[1, 2]]))
    with pytest.warns(ClassTableWarning, match="left out: b"):
        assert table.aligned_to(("a",)).attribute_names == ("a",)


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


def test_text_columns_are_known_by_a_field_and_stay_the_last_ones() -> None:
    text = TextColumns("some/model", "ab" * 6, 2)
    table = ClassTable(("x", "y"), ("a", *text.names), np.eye(2, 3), text=text)
    assert table.text_dim == 2
    assert table.select(["y"]).with_seen(["y"]).text == text
    assert table.select(["y"]).joined(table.select(["x"])).text == text
    assert table.aligned_to(table.attribute_names).text == text
    with pytest.warns(ClassTableWarning, match="left out"):
        assert table.aligned_to(("a",)).text is None
    with pytest.raises(ClassTableError, match="the text encoder some/model abababababab"):
        table.aligned_to(("a", *replace(text, width=3).names))
    with pytest.raises(ClassTableError, match="not named as those of some/model"):
        ClassTable(("x",), (*text.names, "a"), np.ones((1, 3)), text=text)


def test_a_table_from_a_file_knows_its_text_columns(tmp_path: Path) -> None:
    text = TextColumns("some/model", "ab" * 6, 2)
    table = ClassTable(("x", "y"), ("a", *text.names), np.array([[1, 2, 3], [4, 5, 6]]), text=text)
    table.write(tmp_path / "table.csv")
    assert ClassTable.read(tmp_path / "table.csv").text == text
    assert ClassTable.from_columns(("x",), ("a", "text on body"), np.ones((1, 2))).text is None
