from __future__ import annotations

import pytest

from zsl_images.classes.dialects import decoded, parsed


@pytest.mark.parametrize(
    ("text", "delimiter", "width"),
    [
        ("a,b\nx,1\n", ",", 2),
        ("a;b, c\nx;1\ny;2\n", ";", 2),
        ("a\tb\nx, y\t1\n", "\t", 2),
        ("sep=|\na|b|c\nx|1|2\n", "|", 3),
        ("a\nx\n", ",", 1),
        ("", ",", 0),
    ],
)
def test_the_separator_is_found(text: str, delimiter: str, width: int) -> None:
    found, rows, findings = parsed(text)
    assert (found, findings) == (delimiter, [])
    assert {len(cells) for _, cells in rows} == ({width} if width else set())


def test_lines_are_counted_with_a_line_that_names_the_separator() -> None:
    _, rows, _ = parsed("sep=;\r\na;b\r\n\r\nx;1\r\n")
    assert [line for line, _ in rows] == [2, 4]
    _, _, (finding,) = parsed('sep=;\na;b\n"x;1\n')
    assert (finding.kind, finding.line) == ("quotes", 3)


def test_the_encoding_is_found() -> None:
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
        found, text, findings = decoded("löwe".encode(encoding))
        assert text == "löwe"
        assert bool(findings) is (found == "cp1252") is (encoding == "cp1252")
