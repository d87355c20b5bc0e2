"""`zsl serve` says which address to open, and what is missing."""

from __future__ import annotations

import importlib
import socket

import pytest
from commands import run

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.web.server import Server


@pytest.fixture
def _at_once(trained: ZeroShotClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every head is the drawn colours', and a server stops as soon as it runs."""
    monkeypatch.setattr(ZeroShotClassifier, "load", lambda *_, **__: trained)
    monkeypatch.setattr(Server, "run", Server.close)


@pytest.mark.usefixtures("_at_once")
def test_the_address_is_printed() -> None:
    result = run("serve", "--port", 0)
    assert result.exit_code == 0
    assert result.stdout.startswith("open http://127.0.0.1:")
    assert "/docs" in run("serve", "--port", 0, "--api-only").stdout
    assert "#token=" in run("serve", "--port", 0, "--host", "0.0.0.0").stdout


@pytest.mark.usefixtures("_at_once")
def test_a_port_in_use_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("serve", "--port", taken.getsockname()[1])
    assert result.exit_code == 1
    assert "choose another --port" in result.stderr


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("zsl_images.cli.serve")
    monkeypatch.setattr(module, "PACKAGES", ("no_such_package",))
    result = run("serve")
    assert result.exit_code == 1
    assert 'pip install "zsl-images[web]"' in result.stderr
