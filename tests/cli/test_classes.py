from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from zsl_images.cli import app
from zsl_images.cli.console import FAILED
from zsl_images.head.head_file import load_head

USAGE = 2


def run(*arguments: object, stdin: str = "") -> Result:
    result = CliRunner().invoke(app, ["classes", *map(str, arguments)], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "table.csv").write_text("class,a,b\nx,1,5\ny,2,5\n")
    return tmp_path / "table.csv"


def test_warnings_leave_the_exit_code_at_0(table: Path) -> None:
    result = run("check", table)
    assert result.exit_code == 0
    first, last = result.stdout.splitlines()
    assert first.startswith(f"{table}:1:3: warning: b: the same value")
    assert last.endswith("0 errors, 1 warning")


def test_errors_make_it_1_and_all_are_told(table: Path) -> None:
    table.write_text("class,a,b\nx,1,five\nx,2,5\n")
    result = run("check", table, "--format", "json")
    assert result.exit_code == FAILED
    rows = json.loads(result.stdout)
    assert [(row["severity"], row["kind"], row["line"], row["column"]) for row in rows] == [
        ("error", "number", 2, 3),
        ("error", "repeated class", 3, 1),
    ]
    assert list(rows[0]) == [
        "path",
        "severity",
        "kind",
        "message",
        "line",
        "column",
        "attribute",
        "count",
    ]


def test_a_head_is_asked_where_one_is_given(table: Path) -> None:
    result = run("check", table, "--head", "awa2")
    assert result.exit_code == FAILED
    assert "missing: black, white, blue" in result.stdout
    assert "and 77 more" in result.stdout
    assert "1 error, 1 warning" in result.stdout


def test_a_table_goes_to_stdout() -> None:
    result = run("write", "-")
    assert result.stdout.startswith("class,black,white")
    assert len(result.stdout.splitlines()) == 259


@pytest.mark.parametrize("name", ["to\nkay", "to\rkay", "to\x1bkay", "to\u202ekay"])
def test_names_that_cannot_be_shown_are_refused_and_not_echoed(
    tmp_path: Path, table: Path, name: str
) -> None:
    out = tmp_path / "out"
    for result in (
        run("new", name, "--like", "x", "-t", table, "-o", out),
        run("rename", "tiger", name, "-o", out),
        run("show", name),
        run("check", tmp_path / name),
    ):
        assert result.exit_code == FAILED
        assert name[2] not in result.stderr.removesuffix("\n")
    assert not out.exists()


def test_write_remove_and_rename(head: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "other.safetensors", tmp_path / "table.csv"
    assert "6 classes, 6 of them seen" in run("write", table, "-w", head).stdout
    before = table.read_bytes().splitlines()
    assert "5 classes" in run("remove", "green", "-w", head, "-o", out).stdout
    run("write", table, "-w", out)
    assert table.read_bytes().splitlines() == [line for line in before if line[:6] != b"green,"]
    assert run("rename", "blue", "navy", "-w", out, "-o", out).exit_code == 0
    assert load_head(out).table.names == ("red", "navy", "yellow", "magenta", "grey")
    wrong = run("remove", "bleu", "-w", head, "-o", out)
    assert wrong.exit_code == FAILED
    assert "did you mean blue?" in wrong.stderr
