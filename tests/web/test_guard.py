"""The guard lets in requests of this machine's page and programs, and bounds all of them."""

from __future__ import annotations

import asyncio

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from zsl_images.web.guard import Guard, is_loopback
from zsl_images.web.limits import Limits


async def echo(scope, receive, send) -> None:
    try:
        body = await Request(scope, receive).body()
    except HTTPException as error:
        await PlainTextResponse(error.detail, error.status_code)(scope, receive, send)
        return
    await PlainTextResponse(str(len(body)))(scope, receive, send)


def guarded(token: str | None = None, host: str = "localhost:8000", **limits: float) -> TestClient:
    return TestClient(Guard(echo, token, Limits(**limits)), base_url=f"http://{host}")


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1:8000", "[::1]:8000", "192.168.0.7"])
def test_addresses_and_localhost_are_answered(host: str) -> None:
    assert guarded(host=host).get("/").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example"])
def test_names_of_others_are_not(host: str) -> None:
    assert guarded(host=host).get("/").status_code == 403


def test_requests_of_other_pages_are_refused() -> None:
    client = guarded()
    for origin, status in (
        ("http://localhost:8000", 200),
        ("http://evil.example", 403),
        ("http://localhost:9", 403),
        ("null", 403),
    ):
        assert client.post("/rank", headers={"Origin": origin}).status_code == status


def test_the_token_guards_everything_but_the_page() -> None:
    client = guarded(token="secret")
    for path in ("/", "/docs", "/static/app.js"):
        assert client.get(path).status_code == 200
    for path in ("/classes", "/predict", "/openapi.json"):
        assert client.get(path).status_code == 401
        assert client.get(path, headers={"Authorization": "Bearer wröng".encode()}).status_code == 401
        assert client.get(path, headers={"Authorization": "Bearer secret"}).status_code == 200


def test_large_bodies_are_refused_however_they_come() -> None:
    client = guarded(upload=100, body=10)
    assert client.post("/predict", content=b"x" * 100).text == "100"
    assert client.post("/predict", content=b"x" * 101).status_code == 413
    assert client.post("/rank", content=b"x" * 11).status_code == 413
    chunks = (b"x" * 60 for _ in range(1000))  # without a length
    assert client.post("/predict", content=chunks).status_code == 413


async def statuses(number: int, limits: Limits) -> list[int]:
    """The statuses of so many uploads at once, none of which ever sends its body."""
    guard = Guard(echo, None, limits)
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/predict",
        "headers": [(b"host", b"localhost")],
        "query_string": b"",
    }
    found = []

    async def receive():
        await asyncio.sleep(60)

    async def send(message) -> None:
        if message["type"] == "http.response.start":
            found.append(message["status"])

    await asyncio.gather(*(guard(scope, receive, send) for _ in range(number)))
    found.append(guard._uploads)
    return found


def test_half_open_uploads_are_given_up_and_further_ones_turned_away() -> None:
    found = asyncio.run(statuses(5, Limits(uploads=3, idle=0.05)))
    assert found == [429, 429, 408, 408, 408, 0]


@pytest.mark.parametrize(
    ("host", "is_local"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("::", False)],
)
def test_only_loopback_is_private(host: str, is_local: bool) -> None:
    assert is_loopback(host) is is_local
