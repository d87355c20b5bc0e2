from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.glossary import glossary_of
from zsl_images.classes.profiles import known_by, telling_attributes, traits
from zsl_images.classes.sheets import Sheet
from zsl_images.classes.text_columns import TextColumns
from zsl_images.errors import ClassTableError
from zsl_images.files import shipped_file


@pytest.mark.filterwarnings("ignore:.*missing cells")
def test_the_shipped_glossary_tells_of_every_attribute_what_the_table_says() -> None:
    table = ClassTable.read("awa2")
    rows = Sheet.read(shipped_file("awa2-attributes.csv"), "attribute,meaning").rows[1:]
    assert tuple(cells[0] for _, cells in rows) == table.attribute_names
    entries = glossary_of(table, "awa2")
    for column, entry in enumerate(entries.values()):
        values = table.attributes[:, column]
        high, low = (values[table.rows_of(names.split(", "))] for names in (entry.high, entry.low))
        assert entry.meaning
        assert entry.scale == "0 to 100"
        assert high.min() == sorted(values)[-3]
        assert low.max() <= sorted(values)[2]


def test_what_no_glossary_says_is_taken_from_the_values(tmp_path: Path) -> None:
    table = ClassTable(("x", "y"), ("a", "b"), np.array([[1, 5], [2, 4]]))
    entry = glossary_of(table, tmp_path / "table.csv")["a"]
    assert (entry.meaning, entry.scale, entry.high, entry.low) == ("", "1 to 2", "y, x", "x, y")
    (tmp_path / "table-attributes.csv").write_text("name,meaning\na,b\n")
    with pytest.raises(ClassTableError, match="expected attribute and meaning"):
        glossary_of(table, tmp_path / "table.csv")


def test_traits_are_measured_from_the_mean_of_the_table(colour_table: ClassTable) -> None:
    strongest, *_, weakest = traits(colour_table, "red")
    assert strongest.attribute == "redness"
    assert strongest.value == 200
    assert strongest.mean == pytest.approx(colour_table.attributes[:, 0].mean())
    assert strongest.deviation > 0 > weakest.deviation


def test_telling_attributes_separate_a_class_from_those_like_it() -> None:
    values = [[9, 9, 9], [9, 0, 9], [9, 1, 8], [0, 9, 0], [0, 0, 0], [1, 1, 1], [0, 5, 0]]
    table = ClassTable(tuple("xyzuvwt"), ("a", "b", "c"), np.array(values))
    assert telling_attributes(table, "x", 1) == ["b"] or telling_attributes(table, "x", 3)[0] == "b"
    alone = ClassTable(("x",), ("a", "b"), np.ones((1, 2)))
    assert telling_attributes(alone, "x", 5) == ["a", "b"]


def test_how_a_class_is_known(colour_table: ClassTable) -> None:
    assert known_by(colour_table.with_seen(["red"]))[:2] == ("photos", "attributes")
    text = TextColumns("e", "0" * 12, 2)
    words = ClassTable(("x",), text.names, np.ones((1, 2)), text=text)
    assert known_by(words) == ("descriptions",)
    assert known_by(replace(words, is_seen=np.array([True]))) == ("photos",)
