from __future__ import annotations

import pytest

from zsl_images import errors
from zsl_images.errors import ZSLError, counted, listed


@pytest.mark.parametrize(
    ("names", "known", "expected"),
    [
        ([], [], ""),
        (["a", "b"], [], "a, b"),
        (["zebr", "ox"], ["zebra", "ant"], "zebr (did you mean zebra?), ox"),
        (list("abcdefghij"), [], "a, b, c, d, e, f, g, h and 2 more"),
    ],
)
def test_names_are_listed_with_the_nearest_known_ones(
    names: list[str], known: list[str], expected: str
) -> None:
    assert listed(names, known) == expected


def test_every_error_is_a_zsl_error_and_a_standard_one() -> None:
    kinds = {kind for name, kind in vars(errors).items() if name.endswith("Error")} - {ZSLError}
    assert len(kinds) == 7
    for kind in kinds:
        assert issubclass(kind, ZSLError)
        assert issubclass(kind, OSError | ValueError)


@pytest.mark.parametrize(
    ("number", "thing", "expected"),
    [
        (1, "photo", "1 photo"),
        (2, "photo", "2 photos"),
        (0, "class", "0 classes"),
        (3, "copy", "3 copies"),
    ],
)
def test_things_are_counted_in_english(number: int, thing: str, expected: str) -> None:
    assert counted(number, thing) == expected
