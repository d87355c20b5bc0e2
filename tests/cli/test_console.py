from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from commands import run
from typer.testing import CliRunner

from zsl_images.cli import app
from zsl_images.cli.console import FAILED, FINISHED_WITH_FAILURES, INTERRUPTED, Printable


def test_progress_is_one_json_object_per_line(photos: Path, tmp_path: Path) -> None:
    arguments = ("--out", tmp_path / "l.jsonl", "--json-progress", "--batch-size", 1)
    result = run("label", photos, *arguments)
    assert result.exit_code == 0
    records = [json.loads(line) for line in result.stderr.splitlines()]
    assert [record["done"] for record in records][:3] == [0, 1, 2]
    assert (records[-1]["done"], records[-1]["is_complete"]) == (2, True)
    assert set(records[-1]) == {
        *("done", "kept", "failures", "unlabelled", "changed", "gone", "is_complete"),
        *("total", "photos_per_second", "eta_seconds"),
    }


def test_errors_of_the_library_are_one_line(tmp_path: Path) -> None:
    result = run("classes", "check", tmp_path / "missing.csv")
    assert result.exit_code == FAILED
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: cannot read the class table")


@pytest.mark.filterwarnings("always:.*missing cell")
def test_warnings_are_one_line_each(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("class,a\nx,1\ny,\nz,2\n")
    result = run("classify", photos, "--attributes", tmp_path / "table.csv")
    assert result.exit_code == FAILED
    warning, error = result.stderr.splitlines()
    assert warning.startswith("warning: ")
    assert "1 missing cell filled" in warning
    assert error.startswith("error: ")


def test_photos_left_out_are_named_at_the_end(
    colours: Path, colour_photos: Path, tmp_path: Path
) -> None:
    mixed = tmp_path / "classes"
    (mixed / "red").mkdir(parents=True)
    (mixed / "red" / "1.png").symlink_to(colour_photos / "red" / "01.png")
    (mixed / "red" / "broken.png").write_text("broken")
    result = run("evaluate", mixed)
    assert result.exit_code == FINISHED_WITH_FAILURES
    (line,) = (line for line in result.stderr.splitlines() if line.startswith("left out: "))
    assert "broken.png: not an image" in line


def test_ctrl_c_has_its_exit_code(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("zsl_images.evaluation.xlsa17.read_xlsa17", interrupted)
    result = run("benchmark", dataset)
    assert result.exit_code == INTERRUPTED
    assert "run the same command to continue" in result.stderr


def test_letters_that_a_console_does_not_have_are_escaped(colours: Path) -> None:
    (colours / "löwe → 狮.png").write_text("broken")
    for command in (
        ["classify", str(colours)],
        ["label", str(colours), "--out", str(colours / "l.csv")],
    ):
        result = CliRunner(charset="cp1252").invoke(app, command)
        assert result.exit_code == FINISHED_WITH_FAILURES, result.exception
        assert "löwe \\u2192 \\u72ee.png" in (result.stdout_bytes + result.stderr_bytes).decode(
            "cp1252"
        )


def test_csv_and_json_are_utf_8_whatever_the_console_is(colours: Path) -> None:
    (colours / "löwe → 狮.png").write_text("broken")
    for format in ("csv", "json"):
        command = ["classify", str(colours), "--format", format]
        result = CliRunner(charset="cp1252").invoke(app, command)
        assert "löwe → 狮.png" in result.stdout_bytes.decode("utf-8")


def test_with_json_progress_each_line_on_stderr_is_an_object(colours: Path) -> None:
    (colours / "clip.mp4").write_text("video")
    result = run("label", colours, "--out", colours / "l.csv", "--json-progress")
    assert result.exit_code == FINISHED_WITH_FAILURES
    assert all(isinstance(json.loads(line), dict) for line in result.stderr.splitlines())
    assert "left out: 1 .mp4 (videos: save frames as JPEG)" in result.stdout


def test_what_is_counted_is_said_in_english() -> None:
    """A number before a bare plural would print "1 photos"; `errors.counted` chooses the form."""
    commands = sorted((Path(__file__).parents[2] / "cli").glob("*.py"))
    assert commands
    for path in commands:
        bare = re.search(
            r"\{[^{}]*\} (photos|classes|rows|files|errors|warnings)\b(?!/s)", path.read_text()
        )
        assert not bare, f"{path.name}: {bare and bare[0]}"


def test_a_terminal_is_not_steered_by_lines() -> None:
    out = io.StringIO()
    Printable(out).write('a\x1b[31m\u202e,"b\rc"\n')
    assert out.getvalue() == 'a\\x1b[31m\\u202e,"b\\rc"\n'
