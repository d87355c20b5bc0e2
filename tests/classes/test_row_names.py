from __future__ import annotations

import unicodedata

import pytest

from zsl_images.classes.row_names import RowNames


def test_good_names_keep_their_lines() -> None:
    names = RowNames()
    for line, name in enumerate(("wolf", "Königstiger", "虎"), start=2):
        names.add(name, line)
    assert names.lines == {"wolf": 2, "Königstiger": 3, "虎": 4}
    assert names.findings == []


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("", "no name", "the class has no name"),
        ("wo\rlf", "name", "has a line break"),
        ("\u200fwolf", "name", "has a direction mark"),
        ("Löwe", "repeated class", "class 'Löwe' already appears in line 2"),
        ("LÖWE", "repeated class", "class 'LÖWE' already appears as 'Löwe' in line 2"),
        (unicodedata.normalize("NFD", "Löwe"), "repeated class", "as 'Löwe' in line 2"),
    ],
)
def test_other_names_are_refused(name: str, kind: str, message: str) -> None:
    names = RowNames()
    names.add("Löwe", 2)
    names.add(name, 3)
    (finding,) = names.findings
    assert (finding.kind, finding.place, finding.is_error) == (kind, (3, 1), True)
    assert message in finding.message
    assert names.lines == {"Löwe": 2}
