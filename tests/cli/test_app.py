from __future__ import annotations

import subprocess
import sys

from commands import USAGE, run

from zsl_images.version import __version__


def test_as_a_process_help_answers_before_torch_wakes() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "zsl_images", "--help"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "classify" in result.stdout
    assert not any(line.endswith(" torch") for line in result.stderr.splitlines())


def test_the_version_is_printed() -> None:
    assert run("--version").stdout == f"zsl_images {__version__}\n"


def test_without_a_command_the_help_is_shown() -> None:
    assert "classify" in run("-h").stdout
    assert run("nonsense").exit_code == USAGE
