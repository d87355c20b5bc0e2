from __future__ import annotations

from zsl_images.labelling.label_schema import REQUIRED, SCHEMA
from zsl_images.results import PhotoFacts


def test_only_what_a_file_says_of_its_photo_may_be_missing() -> None:
    assert set(SCHEMA.names) - REQUIRED == {
        *("known_by", "is_unknown", "label_set"),
        *PhotoFacts._fields,
    }
