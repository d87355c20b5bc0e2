from __future__ import annotations

from pathlib import Path

import pytest

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.table_paths import find_table, shipped_tables, which_table
from zsl_images.classes.taxonomy import Taxonomy
from zsl_images.errors import ClassTableError
from zsl_images.files import shipped_file


@pytest.fixture(autouse=True)
def _in_a_fresh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("name", ["awa2.csv", "awa2"])
def test_a_shipped_table_is_found_by_its_name(name: str) -> None:
    assert find_table(name) == (shipped_file("awa2.csv"), None)
    assert len(ClassTable.read(name)) == 50
    assert str(which_table(name)).startswith(f"{name}: the table that ships")


def test_a_shipped_taxonomy_is_found_by_its_name() -> None:
    assert "tiger" in Taxonomy.read("awa2-groups").lineages
    assert set(shipped_tables()) == {
        "awa2-groups.csv",
        "awa2.csv",
        "imagenet-animals.csv",
        "imagenet-groups.csv",
        "things.csv",
    }


@pytest.mark.parametrize("name", ["awa2.csv", "awa2"])
def test_a_file_of_that_name_comes_first(name: str) -> None:
    Path("awa2.csv").write_text("class,a\nx,1\ny,2\n")
    assert ClassTable.read(name).names == ("x", "y")
    assert str(which_table(name)).startswith(f"{name}: the file in this folder")


@pytest.mark.parametrize("name", ["other.csv", "./sub/awa2.csv", "awa2-attributes.csv", "awa2.tsv"])
def test_other_names_are_files(name: str) -> None:
    assert find_table(name) == (Path(name), None)
    assert which_table(name) is None
    with pytest.raises(ClassTableError, match=r"shipped table \(awa2-groups.csv, awa2.csv, "):
        ClassTable.read(name)


def test_a_sheet_is_named_behind_its_workbook() -> None:
    assert find_table("book.XLSX#My birds") == (Path("book.XLSX"), "My birds")
    assert find_table("table#1.csv") == (Path("table#1.csv"), None)
    Path("book.xlsx#1").touch()
    assert find_table("book.xlsx#1") == (Path("book.xlsx#1"), None)
