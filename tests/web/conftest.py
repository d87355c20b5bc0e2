"""The web application on the drawn colours."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import pytest
from drawing import draw
from starlette.testclient import TestClient

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.web.api import create_app
from zsl_images.web.limits import Limits

LIMITS = Limits(file=50_000, files=4, pixels=10_000, upload=90_000, body=10_000, photos=6, classes=2)


@pytest.fixture
def client(trained: ZeroShotClassifier) -> Iterator[TestClient]:
    """A client of an application with small limits."""
    with TestClient(create_app(trained, limits=LIMITS), base_url="http://localhost") as client:
        yield client


@pytest.fixture(scope="session")
def photo() -> Callable[..., bytes]:
    """The bytes of a drawn photo, by its colour and size."""

    def drawn(colour: str, size: tuple[int, int] = (48, 40)) -> bytes:
        file = io.BytesIO()
        draw(colour, 70, size).save(file, "png")
        return file.getvalue()

    return drawn
