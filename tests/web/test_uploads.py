"""Uploads are taken within their limits; what is beyond them is refused with the right status."""

from __future__ import annotations

import io

import pytest


def sent(client, *photos: tuple[str, bytes], field: str = "photos"):
    return client.post("/predict", files=[(field, (name, io.BytesIO(data))) for name, data in photos])


def test_a_photo_that_is_too_large_is_refused(client) -> None:
    answer = sent(client, ("big.png", b"x" * 50_001))
    assert answer.status_code == 413
    assert "big.png" in answer.json()["detail"]
    assert client.post("/predict", content=b"x" * 50_001).status_code == 413


@pytest.mark.parametrize("parts", [5, 200])
def test_too_many_photos_are_refused(client, parts: int) -> None:
    assert sent(client, *[("a.png", b"x")] * parts).status_code == 413


def test_too_many_fields_are_refused(client) -> None:
    fields = [(str(number), (None, "x")) for number in range(100)]
    assert client.post("/predict", files=fields).status_code == 413


def test_a_request_without_a_photo_says_what_to_send(client) -> None:
    for answer in (client.post("/predict"), sent(client, ("a.png", b"x"), field="files")):
        assert answer.status_code == 422
        assert "`photos`" in answer.json()["detail"]


def test_a_damaged_form_is_refused(client) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    assert client.post("/predict", content=b"no form", headers=headers).status_code == 422


def test_photos_with_too_many_pixels_are_not_decoded(client, photo) -> None:
    answer = sent(client, ("wide.png", photo("red", (101, 100))), ("small.png", photo("red")))
    wide, small = answer.json()
    assert "0 megapixels, expected at most 0" in wide["error"]
    assert small["label"] == "red"
