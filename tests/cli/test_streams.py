from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from commands import run
from drawing import draw

from zsl_images.cli.streams import Unread, unread


class _Broken:
    """A stream whose reader is gone."""

    encoding = "utf-8"

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError

    def fileno(self) -> int:
        raise ValueError


def test_a_stream_without_a_reader_is_silent() -> None:
    stream = Unread(_Broken())
    assert stream.write("told") == 4
    stream.flush()
    assert stream.encoding == "utf-8"


def test_the_stream_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = _Broken()
    monkeypatch.setattr(sys, "stderr", broken)
    with unread("stderr"):
        print("told", file=sys.stderr)
    assert sys.stderr is broken
    monkeypatch.setattr(sys, "stdout", None)
    with unread("stdout"):
        assert sys.stdout is None


@pytest.mark.skipif(os.name == "nt", reason="closes POSIX pipes")
def test_the_work_is_done_when_nobody_reads_of_it(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    draw("red", 0).save(tmp_path / "photos" / "red.png")
    command = [sys.executable, "-m", "zsl_images", "label", "photos", "--copy", "sorted"]
    for name in ("stderr", "stdout"):
        reader, writer = os.pipe()
        os.close(reader)
        arguments = ["--out", f"{name}.csv", "--json-progress", "--engine", "torch"]
        other = {"stdout": "stderr", "stderr": "stdout"}[name]
        done = subprocess.run(
            [*command, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            **{name: writer, other: subprocess.PIPE},  # type: ignore[call-overload]
        )
        os.close(writer)
        assert done.returncode == 0
        assert (tmp_path / f"{name}.csv").is_file()
        assert len(list((tmp_path / "sorted").glob("*/red.png"))) == 1


def test_results_on_stdout_end_with_their_reader() -> None:
    result = run("classes", "write", "-")
    assert result.stdout.startswith("class,")
