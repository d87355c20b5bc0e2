from __future__ import annotations

import pyarrow as pa

from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.labelling.summaries import Summary


def rows(*labels: str | None, errors: int = 0, reason: str = "not an image") -> pa.Table:
    read = [{"path": f"/p/{label}.jpg", "label": label} for label in labels]
    failed = [{"path": f"/p/{n}.jpg", "error": f"p/{n}.jpg: {reason}"} for n in range(errors)]
    return pa.Table.from_pylist([*read, *failed], SCHEMA)


def test_labels_are_ranked_and_the_rest_is_counted() -> None:
    names = [f"class {letter}" for letter in "abcdefghijkl"]
    summary = Summary().with_rows(rows(*names, "zebra", None)).with_rows(rows("zebra", "class b"))
    lines = list(summary.lines())
    assert lines[:3] == ["  class b            2", "  zebra              2", "  class a            1"]
    assert lines[10:] == ["  and 3 more labels  3", "  without a label    1"]


def test_with_a_taxonomy_the_answers_are_counted() -> None:
    answered = [{"path": "a", "answer": "Felidae"}, {"path": "b", "label": "lion", "answer": "lion"}]
    table = pa.Table.from_pylist([*answered, {"path": "c"}], SCHEMA)
    assert Summary().with_rows(table).labels == {"Felidae": 1, "lion": 1, None: 1}


def test_unreadable_photos_are_named_with_reasons_and_then_counted() -> None:
    summary = Summary().with_rows(rows("zebra", errors=3)).with_rows(rows(errors=4))
    assert list(summary.lines()) == ["  zebra       1", "  unreadable  7"]
    lines = list(summary.failure_lines())
    assert lines[:2] == ["    /p/0.jpg", "      not an image"]
    assert lines[-1] == "    and 2 more"
    assert sum(line.startswith("    /p/") for line in lines) == 5


def test_every_line_fits_80_columns_and_cannot_steer_the_terminal() -> None:
    long = pa.Table.from_pylist(
        [
            {"path": "/a/b.jpg", "label": "a very long name of a class " * 4},
            {"path": f"/{'folder/' * 20}c\x1b[31m.jpg", "error": f"c\x1b[31m.jpg: {'why ' * 60}"},
        ],
        SCHEMA,
    )
    summary = Summary().with_rows(long)
    lines = [*summary.lines(), *summary.failure_lines()]
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in "".join(lines)


def test_without_photos_there_is_nothing_to_say() -> None:
    assert list(Summary().lines()) == []
