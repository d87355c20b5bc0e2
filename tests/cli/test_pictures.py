"""`zsl classify --show` shows photos in a terminal, and only there."""

from __future__ import annotations

import importlib.util
import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from commands import USAGE, run


def test_in_a_terminal_the_photo_is_shown_above_the_table(colours: Path) -> None:
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    pytest.importorskip("textual_image", reason="textual-image is not installed")
    mine, theirs = pty.openpty()
    fcntl = pytest.importorskip("fcntl")
    termios = pytest.importorskip("termios")
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 40, 80, 800, 800))
    code = f"""
from zsl_images.cli import pictures
from zsl_images.results import Candidate, Failure, Prediction
results = [
    Prediction({str(colours / "a.png")!r}, (Candidate("zebra", 0.75, True, "photos"),)),
    Failure("b.png", "broken"),
]
assert list(pictures.with_pictures(results)) == results
"""
    environment = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": "80"}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                chunk = os.read(mine, 65_536)
            except OSError:  # how Linux says that the other side has closed
                break
            if not chunk:
                break
            shown += chunk
    os.close(mine)
    assert process.returncode == 0
    text = shown.decode()
    assert "\N{UPPER HALF BLOCK}" in text or "\N{LOWER HALF BLOCK}" in text
    assert "zebra, 75.0%" in text


def test_elsewhere_it_says_so_and_labels(colours: Path) -> None:
    pytest.importorskip("textual_image", reason="textual-image is not installed")
    result = run("classify", colours / "a.png", "--show")
    assert result.exit_code == 0
    assert "no terminal" in result.stderr
    assert "a.png" in result.stdout


def test_other_forms_of_output_have_no_pictures(colours: Path) -> None:
    assert run("classify", colours / "a.png", "--show", "--format", "json").exit_code == USAGE


def test_without_the_extra_the_error_names_it(colours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "textual_image" else real(name)
    )
    result = run("classify", colours / "a.png", "--show")
    assert result.exit_code == 1
    assert 'pip install "zsl-images[show]"' in result.stderr
