from __future__ import annotations

from pathlib import Path

import pytest

from zsl_images.classes.findings import Finding, located, raise_first_error, told_once
from zsl_images.errors import ClassTableError


def test_the_first_error_is_raised_and_the_others_are_counted() -> None:
    warning = Finding("missing", "no value", 1, 1)
    second, first = (Finding("number", f"error {n}", n, 3, "size", is_error=True) for n in (5, 2))
    raise_first_error(Path("t.csv"), [warning])
    with pytest.raises(ClassTableError) as raised:
        raise_first_error(Path("t.csv"), [warning, second, first])
    expected = "t.csv, line 2, column 3 (size): error 2 (1 more errors in this file)"
    assert str(raised.value) == expected


def test_places_are_as_exact_as_they_are_known() -> None:
    assert located(Path("t.csv"), Finding("empty", "")) == "t.csv"
    assert located(Path("t.csv"), Finding("cells", "", 3)) == "t.csv, line 3"
    assert located(Path("t.csv"), Finding("a", "", 3, 2, "size")) == "t.csv, line 3, column 2 (size)"


def test_one_cause_is_one_finding_with_the_number_of_its_places() -> None:
    missing = [Finding("missing", "no value", line, 2) for line in (4, 2, 3)]
    commas = [Finding("decimal comma", "1,5", 2, column, is_error=True) for column in (3, 4)]
    pairs = [Finding("same classes", f"pair {line}", line, 1) for line in (2, 3)]
    told = [(f.kind, f.place, f.count) for f in told_once([*missing, *commas, *pairs])]
    assert told == [
        ("same classes", (2, 1), 1),
        ("missing", (2, 2), 3),
        ("decimal comma", (2, 3), 2),
        ("same classes", (3, 1), 1),
    ]
    assert Finding("missing", "no value", count=3).text == "no value (and 2 more)"
