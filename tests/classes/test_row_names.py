from __future__ import annotations

from zsl_images.classes.row_names import RowNames


def test_each_class_is_taken_once_in_whatever_spelling() -> None:
    names = RowNames()
    for line, name in enumerate(("red fox", "Red_Fox", "", "cat\u202e", "wolf"), start=2):
        names.add(name, line)
    assert names.lines == {"red fox": 2, "wolf": 6}
    assert [(f.kind, f.line) for f in names.findings] == [
        ("repeated class", 3),
        ("no name", 4),
        ("name", 5),
    ]
    assert all(finding.is_error for finding in names.findings)
