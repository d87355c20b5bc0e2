from __future__ import annotations

from pathlib import Path

import pytest

from zsl_images.classes.class_map import ClassMap
from zsl_images.errors import ClassTableError

INDEX_OF = {"1": 1, "2": 2, "n3": 3, "red fox": 4}.get


def written(folder: Path, text: str) -> ClassMap:
    (folder / "map.csv").write_text(text)
    return ClassMap.read(folder / "map.csv")


def test_a_class_has_one_row_or_several(tmp_path: Path) -> None:
    found = written(tmp_path, "index,class,stripes\n1,fox,3\n2,cat,4\nred fox,fox,5\n")
    assert found.names == ("fox", "cat")
    assert found.indices(INDEX_OF, "lite0") == {"fox": [1, 4], "cat": [2]}
    assert found.attribute_names == ("stripes",)
    assert found.without(["fox"]).names == ("cat",)
    found.check_described(["fox", "cat", "dog"])


def test_a_class_is_left_out_with_its_kinds(tmp_path: Path) -> None:
    found = written(tmp_path, "class,index,kind_of\nfox,1,\nred_fox,2,fox; canine\nwolf,n3,canine\n")
    assert found.without(["fox"]).names == ("wolf",)
    assert found.without(["canine"]).names == ("fox",)
    assert found.renamed({"fox": "vulpes"}).without(["vulpes"]).names == ("wolf",)
    assert found.attribute_names == ()


def test_wordnet_ids_and_labels_name_rows_too(tmp_path: Path) -> None:
    assert written(tmp_path, "class,wnid\nfox,n3\n").indices(INDEX_OF, "x") == {"fox": [3]}
    assert written(tmp_path, "Class,Label\nfox,red fox\n").indices(INDEX_OF, "x") == {"fox": [4]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "class,stripes\nfox,3\n",
            "line 1: no column 'class', or none of index, wnid",
        ),
        ("class,index\nfox,\n", r"line 2, column 2: an empty cell"),
        ("class,index\nfox,1\ncat,1\n", r"line 3, column 2: '1' already appears in line 2"),
        ("class,index\nfox,9\n", r"line 2: the classifier of lite0 has no class '9'"),
        (
            "class,index\nfox,1\ncat,one\n",
            "line 3: 'one' of 'cat' is the same class of",
        ),
    ],
)
def test_what_is_wrong_names_its_line(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ClassTableError, match=message):
        written(tmp_path, text).indices(lambda key: 1 if key == "one" else INDEX_OF(key), "lite0")


def test_a_class_without_attributes_is_named(tmp_path: Path) -> None:
    found = written(tmp_path, "class,index\nfox,1\nwolf,2\n")
    with pytest.raises(ClassTableError, match=r"line 3: wolf .did you mean wolff.* without attributes"):
        found.check_described(["fox", "wolff"])
