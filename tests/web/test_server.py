"""The server listens where it is told, and keeps strangers out."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError
from zsl_images.web.server import Server


@contextmanager
def running(server: Server) -> Iterator[str]:
    """The address of a server that runs while the body does."""
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.address
    finally:
        server.stop()
        thread.join()


def test_it_answers_at_its_address(trained: ZeroShotClassifier) -> None:
    server = Server(trained, port=0)
    assert server.token is None
    with running(server) as address:
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address) as page:
            assert b"<html" in page.read()
        with urllib.request.urlopen(address + "classes") as answer:
            assert b"orange" in answer.read()


def test_beyond_this_machine_a_token_is_required(trained: ZeroShotClassifier) -> None:
    server = Server(trained, "0.0.0.0", port=0, has_page=False)
    assert server.address.endswith(f"/docs#token={server.token}")
    with running(server) as address:
        base = address.partition("/docs")[0].replace("0.0.0.0", "127.0.0.1")
        with pytest.raises(urllib.error.HTTPError, match="401") as caught:
            urllib.request.urlopen(f"{base}/classes")
        caught.value.close()
        request = urllib.request.Request(f"{base}/classes")
        request.add_header("Authorization", f"Bearer {server.token}")
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200


def test_a_token_of_your_own(trained: ZeroShotClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSL_TOKEN", "mine")
    server = Server(trained, port=0)
    assert server.token == "mine"
    server.close()


def test_a_port_in_use_is_said(trained: ZeroShotClassifier) -> None:
    first = Server(trained, port=0)
    port = first._socket.getsockname()[1]
    with pytest.raises(DataError, match=r"in use.*--port"):
        Server(trained, port=port)
    first.close()
