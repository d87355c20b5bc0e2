from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from zsl_images.cli import app
from zsl_images.cli.console import FAILED

USAGE = 2


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, ["classes", *map(str, arguments)])
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
    assert last.endswith("0 errors, 1 warnings")


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
    assert "85 errors" in result.stdout


def test_a_new_row_goes_to_stdout_or_into_a_table(table: Path) -> None:
    before = table.read_bytes()
    result = run("new", "z", "--like", "x", "--set", "b=4", "--set", "a=2.5", "--table", table)
    assert (result.exit_code, result.stdout) == (0, "class,a,b\nz,2.5,4\n")
    assert table.read_bytes() == before
    assert run("new", "z", "--like", "x", "--set", "b=4", "-t", table, "-o", table).exit_code == 0
    assert table.read_bytes() == before + b"z,1,4\n"


def test_a_row_like_one_of_the_heads_classes() -> None:
    result = run("new", "okapi", "--like", "zebra", "--set", "stripes=40")
    header, row = (line.split(",") for line in result.stdout.splitlines())
    assert row[0] == "okapi"
    assert len(row) == len(header) == 86
    assert row[header.index("stripes")] == "40"


def test_wrong_usage(table: Path) -> None:
    assert run("new", "z", "--like", "x", "--set", "b", "-t", table).exit_code == USAGE
    assert run("new", "z", "--like", "x", "--set", "b=many", "-t", table).exit_code == USAGE
    assert run("new", "z", "--like", "w", "-t", table).exit_code == FAILED


def test_a_byte_of_no_encoding_stays_as_it_is(table: Path) -> None:
    table.write_bytes(before := table.read_bytes().replace(b"y,", b"\x81,"))
    assert run("new", "z", "--like", "x", "-t", table, "-o", table).exit_code == 0
    assert table.read_bytes() == before + b"z,1,5\n"
