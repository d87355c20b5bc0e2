"""The schemas name every field that the library gives."""

from __future__ import annotations

import dataclasses

import pytest
from pydantic import ValidationError

from zsl_images import results
from zsl_images.web import schemas


@pytest.mark.parametrize("name", ["Candidate", "Influence", "Neighbour", "Explanation"])
def test_a_record_and_its_schema_have_the_same_fields(name: str) -> None:
    record = {field.name for field in dataclasses.fields(getattr(results, name))}
    assert set(getattr(schemas, name).model_fields) == record


def test_a_photo_has_the_fields_of_the_json_output() -> None:
    fields = results.Failure("a.png", "broken").to_dict()
    assert set(fields) <= set(schemas.PhotoResult.model_fields)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "much", None])
def test_a_value_is_a_finite_number(value: object) -> None:
    with pytest.raises(ValidationError):
        schemas.NewClass(name="x", attributes={"a": value})
