from __future__ import annotations

import pytest

from zsl_images.classes.text_columns import TextColumns

TEXT = TextColumns("some model/2", "0123456789ab", 12)


def test_names_are_of_one_width_and_carry_the_encoder() -> None:
    assert TEXT.names[0] == "text some model/2 0123456789ab 01"
    assert TEXT.names[-1] == "text some model/2 0123456789ab 12"


@pytest.mark.parametrize("attributes", [(), ("stripes", "text on body")])
def test_they_are_recognised_by_their_names(attributes: tuple[str, ...]) -> None:
    assert TextColumns.among((*attributes, *TEXT.names)) == TEXT


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("text on body",),
        TEXT.names[:9],
        TEXT.names[1:],
        (*TEXT.names, "stripes"),
        (TEXT.names[1], TEXT.names[0], *TEXT.names[2:]),
    ],
    ids=["none", "like", "first ones", "last ones", "not the last columns", "other order"],
)
def test_anything_else_is_an_attribute(names: tuple[str, ...]) -> None:
    assert TextColumns.among(names) is None
