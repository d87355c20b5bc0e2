from __future__ import annotations

import pytest

from zsl_images.classes.dialects import decoded, parsed


@pytest.mark.parametrize(
    ("text", "delimiter"),
    [
        ("class,a\nfox,1\n", ","),
        ("class\ta\nfox\t1\n", "\t"),
        ("class;a\nfox;1,5\n", ";"),
        ("sep=;\nclass;a\nfox;1\n", ";"),
        ("class;a, b\nfox;1\ncat;2\n", ";"),
    ],
)
def test_what_separates_the_cells_is_found(text: str, delimiter: str) -> None:
    found, rows, findings = parsed(text)
    assert (found, findings) == (delimiter, [])
    assert {len(cells) for _, cells in rows} == {2}


def test_blank_lines_are_left_out_and_counted() -> None:
    _, rows, _ = parsed("class,a\n\nfox,1\n")
    assert [line for line, _ in rows] == [1, 3]


def test_encodings() -> None:
    assert decoded("é".encode())[:2] == ("utf-8-sig", "é")
    assert decoded("é".encode("utf-16"))[:2] == ("utf-16", "é")
    encoding, text, (finding,) = decoded(b"\xe9")
    assert (encoding, text, finding.kind) == ("cp1252", "é", "encoding")
