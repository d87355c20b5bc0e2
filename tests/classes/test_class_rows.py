from __future__ import annotations

from pathlib import Path

import pytest

from zsl_images.classes.class_rows import ClassRow
from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import ClassTableError

TABLE = "class,stripes,horns,size\nzebra, 90 ,0,\nant,0,0.50,1\ngnu,5,90,2\n"


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "table.csv").write_text(TABLE)
    return tmp_path / "table.csv"


def test_a_row_starts_from_another_as_it_is_written(table: Path) -> None:
    row = ClassRow.like("okapi", "zebra", {"stripes": 40.5}, table)
    assert row.to_csv() == "class,stripes,horns,size\nokapi,40.5,0,\n"
    assert ClassRow.like("bug", "ant", {}, table).to_csv().endswith("\nbug,0,0.50,1\n")


def test_a_row_from_a_table_in_memory(colour_table: ClassTable) -> None:
    row = ClassRow.like("pink", "red", {"light": 200}, colour_table)
    assert row.to_csv() == "class,redness,greenness,blueness,light\npink,200,40,40,200\n"


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        TABLE.rstrip().encode(),
        TABLE.replace("\n", "\r\n").encode(),
        TABLE.replace(",", ";").encode(),
        b"\xef\xbb\xbf" + TABLE.encode(),
        TABLE.encode("utf-16"),
        TABLE.replace("ant", "bär").encode("cp1252"),
        b"class,size,stripes,horns\n\nzebra,2,90,0\n\nant,1,0,0.5\n",
    ],
    ids=["plain", "no end", "CRLF", "semicolons", "BOM", "UTF-16", "Windows", "other order"],
)
@pytest.mark.filterwarnings("ignore:.*(missing|not UTF-8)")
def test_an_appended_row_leaves_every_byte_before_it(
    table: Path, tmp_path: Path, content: bytes
) -> None:
    row = ClassRow.like("okapi", "zebra", {"size": 3}, table)
    out = tmp_path / "out.csv"
    out.write_bytes(content)
    before = ClassTable.read(out)
    row.append_to(out)
    assert out.read_bytes().startswith(content)
    after = ClassTable.read(out)
    assert after.names == (*before.names, "okapi")
    assert after.attribute_names == before.attribute_names
    of_row = dict(zip(after.attribute_names, after.attributes[-1].tolist(), strict=True))
    assert of_row == {"stripes": 90, "horns": 0, "size": 3}
    if b"\r\n" in content:
        assert out.read_bytes().count(b"\n") == out.read_bytes().count(b"\r\n")


@pytest.mark.parametrize(("name", "delimiter"), [("new.csv", ","), ("new.tsv", "\t")])
def test_a_missing_table_is_made(table: Path, name: str, delimiter: str) -> None:
    out = table.parent / name
    ClassRow.like("horse", "zebra", {"stripes": 0, "size": 5}, table).append_to(out)
    assert out.read_text() == "class,stripes,horns,size\nhorse,0,0,5\n".replace(",", delimiter)


def test_what_does_not_fit_is_refused_and_nothing_is_written(table: Path, tmp_path: Path) -> None:
    for arguments, message in (
        (("okapi", "zebre", {}), r"did you mean zebra\?"),
        (("okapi", "zebra", {"stripe": 1.0}), r"did you mean stripes\?"),
        (("ant", "zebra", {}), "already in the table"),
        ((" ", "zebra", {}), "no name"),
    ):
        with pytest.raises(ClassTableError, match=message):
            ClassRow.like(*arguments, table)
    row = ClassRow.like("okapi", "zebra", {}, table)
    for content, message in (
        ("class,stripes,horns\nx,1,2\n", "attributes missing in .*: size"),
        ("class,stripes,horns,size,age\nx,1,2,3,4\n", "more attributes than the row: age"),
        ("class,stripes,horns,size\nokapi,1,2,3\n", "is already in"),
        ("class,stripes,horns,size\nx,1,2\n", "line 2: 3 cells"),
    ):
        (tmp_path / "out.csv").write_text(content)
        with pytest.raises(ClassTableError, match=message):
            row.append_to(tmp_path / "out.csv")
        assert (tmp_path / "out.csv").read_text() == content
    assert table.read_text() == TABLE


def test_a_name_that_the_files_encoding_cannot_write_is_refused(table: Path, tmp_path: Path) -> None:
    content = TABLE.replace("ant", "bär").encode("cp1252")
    (tmp_path / "out.csv").write_bytes(content)
    with pytest.raises(ClassTableError, match="save it as UTF-8"):
        ClassRow.like("слон", "zebra", {}, table).append_to(tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_bytes() == content


def test_a_row_is_written_with_the_decimal_commas_of_the_file(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    out.write_text("class;stripes;horns;size\nx;0,5;1;2\n")
    ClassRow.like("okapi", "ant", {"stripes": 40.5}, table).append_to(out)
    assert out.read_text().endswith("x;0,5;1;2\nokapi;40,5;0,50;1\n")
    assert ClassRow.like("y", "x", {}, out).to_csv().endswith("\ny,0.5,1,2\n")


@pytest.mark.parametrize("value", [-1, 91, float("nan"), float("inf")])
def test_a_value_out_of_the_tables_range_is_refused(table: Path, value: float) -> None:
    with pytest.raises(ClassTableError, match=r"size=.* is out of the table's range, expected 0 to 90"):
        ClassRow.like("okapi", "zebra", {"size": value}, table)


def test_a_name_that_cannot_be_shown_or_is_there_in_another_spelling_is_refused(table: Path) -> None:
    for name, message in (
        ("ok\rapi", "a line break"),
        ("\u202eokapi", "direction"),
        ("Ant", "already"),
    ):
        with pytest.raises(ClassTableError, match=message):
            ClassRow.like(name, "zebra", {}, table)
