from __future__ import annotations

import re
from pathlib import Path

import pytest
from commands import USAGE, run

from zsl_images.cli.console import FAILED


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "table.csv").write_text("class,a,b\nx,1,5\ny,2,5\n")
    return tmp_path / "table.csv"


def test_a_new_row_goes_to_stdout_or_into_a_table(table: Path) -> None:
    before = table.read_bytes()
    result = run(
        "classes", "new", "z", "--like", "x", "--set", "b=4", "--set", "a=2.5", "--table", table
    )
    assert (result.exit_code, result.stdout) == (0, "class,a,b\nz,2.5,4\n")
    assert table.read_bytes() == before
    assert (
        run("classes", "new", "z", "--like", "x", "--set", "b=4", "-t", table, "-o", table).exit_code
        == 0
    )
    assert table.read_bytes() == before + b"z,1,4\n"


def test_a_row_like_one_of_the_heads_classes() -> None:
    result = run("classes", "new", "okapi", "--like", "zebra", "--set", "stripes=40")
    header, row = (line.split(",") for line in result.stdout.splitlines())
    assert row[0] == "okapi"
    assert len(row) == len(header) == 86
    assert row[header.index("stripes")] == "40"


def test_wrong_usage(table: Path) -> None:
    assert run("classes", "new", "z", "--like", "x", "--set", "b", "-t", table).exit_code == USAGE
    assert run("classes", "new", "z", "--like", "x", "--set", "b=many", "-t", table).exit_code == USAGE
    for value in ("nan", "inf"):
        assert (
            run("classes", "new", "z", "--like", "x", "--set", f"b={value}", "-t", table).exit_code
            == USAGE
        )
    assert run("classes", "new", "z", "--like", "w", "-t", table).exit_code == FAILED
    assert run("classes", "list", table, "--head", "other").exit_code == USAGE


def test_a_value_out_of_range_is_refused_with_the_range() -> None:
    result = run("classes", "new", "okapi", "--like", "zebra", "--set", "red=900")
    assert result.exit_code == FAILED
    assert "red=900 is out of the table's range, expected 0 to 100" in result.stderr


def test_a_byte_of_no_encoding_stays_as_it_is(table: Path) -> None:
    table.write_bytes(before := table.read_bytes().replace(b"y,", b"\x81,"))
    assert run("classes", "new", "z", "--like", "x", "-t", table, "-o", table).exit_code == 0
    assert table.read_bytes() == before + b"z,1,5\n"


def test_answers_change_the_attributes_that_are_asked_for() -> None:
    result = run(
        "classes", "new", "okapi", "--like", "zebra", "-i", "--set", "brown=70", stdin="50\n\n30\n"
    )
    assert result.exit_code == 0
    header, row = (line.split(",") for line in result.stdout.splitlines())
    asked = re.findall(r"^  (\w+) \[([\d.]+)\]: ", result.stderr.replace("]: ", "]: \n"), re.MULTILINE)
    assert len(asked) == 4
    assert "stripes (0 to 100): stripes, as on a zebra. High: zebra, tiger, skunk" in result.stderr
    values = [row[header.index(name)] for name, _ in asked]
    assert values == ["50", asked[1][1], "30", asked[3][1]]
    assert row[header.index("brown")] == "70"
    assert "brown" not in [name for name, _ in asked]


@pytest.mark.filterwarnings("ignore:.*(same value|spelt)")
@pytest.mark.parametrize(("answer", "message"), [("many", "'many' for"), ("900", "expected 1 to 5")])
def test_a_wrong_answer_from_a_pipe_is_refused(table: Path, answer: str, message: str) -> None:
    result = run(
        "classes", "new", "z", "--like", "x", "-i", "-t", table, "-o", table, stdin=f"{answer}\n"
    )
    assert result.exit_code == FAILED
    assert message in result.stderr
    assert "z," not in table.read_text()
