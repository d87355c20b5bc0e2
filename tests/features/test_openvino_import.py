"""Nobody is told that photos are labelled."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from drawing import draw

CODE = """
import socket, sys

def forbidden(*given, **_):
    print("connection to", given, file=sys.stderr)
    raise OSError("no network here")

socket.getaddrinfo = socket.socket.connect = forbidden
if "earlier" in sys.argv:  # the user has imported it, but without a network
    import openvino, openvino.tools.ovc
    from openvino_telemetry import Telemetry
    sys.stderr.write("----")
    Telemetry.send_event = forbidden
from zsl_images.cli import app
app(["classify", "a.png", "--format", "csv"])
"""


@pytest.mark.parametrize("when", ["first", "earlier"])
def test_a_run_that_converts_opens_no_connection_and_leaves_no_file(tmp_path: Path, when: str) -> None:
    pytest.importorskip("openvino")
    draw("red", 0).save(tmp_path / "a.png")
    home = tmp_path / "home"
    home.mkdir()
    if when == "earlier":  # its own import may report: the user has agreed or not
        pytest.importorskip("openvino_telemetry")
        (home / "intel").mkdir()
        (home / "intel" / "openvino_telemetry").write_text("0")
    environment = {**os.environ, "HOME": str(home), "ZSL_CACHE": str(tmp_path / "cache"), "CI": ""}
    result = subprocess.run(
        [sys.executable, "-c", CODE, when],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    assert "converting tf_efficientnet_lite0 for openvino, once" in result.stderr
    assert "connection to" not in result.stderr
    if when == "first":
        assert list(home.iterdir()) == []
