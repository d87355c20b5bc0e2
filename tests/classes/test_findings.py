from __future__ import annotations

from pathlib import Path

import pytest

from zsl_images.classes.findings import Finding, in_order, raise_first_error, told_once
from zsl_images.errors import ClassTableError


def test_findings_are_told_in_the_order_of_their_places() -> None:
    whole, late, early = Finding("a", "x"), Finding("a", "x", 3, 1), Finding("a", "x", 2, 9)
    assert in_order([late, early, whole]) == (whole, early, late)


def test_one_cause_is_told_once_with_its_number() -> None:
    commas = [Finding("decimal comma", "use a point", line, 2, is_error=True) for line in (4, 2, 3)]
    names = [Finding("no name", "give one", line, 1) for line in (5, 6)]
    first, *others = told_once([*commas, *names])
    assert (first.line, first.count, first.text) == (2, 3, "use a point (and 2 more)")
    assert [finding.count for finding in others] == [1, 1]


def test_the_first_error_is_raised() -> None:
    with pytest.raises(ClassTableError, match=r"t\.csv, line 2"):
        raise_first_error(Path("t.csv"), [Finding("a", "bad", 2, is_error=True), Finding("b", "x", 1)])
    raise_first_error(Path("t.csv"), [Finding("b", "x", 1)])
