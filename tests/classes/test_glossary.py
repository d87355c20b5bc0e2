from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.glossary import glossary_of
from zsl_images.classes.sheets import Sheet
from zsl_images.errors import ClassTableError
from zsl_images.files import shipped_file


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
