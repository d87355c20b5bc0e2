from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from drawing import draw
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
    for value in ("nan", "inf"):
        assert run("new", "z", "--like", "x", "--set", f"b={value}", "-t", table).exit_code == USAGE
    assert run("new", "z", "--like", "w", "-t", table).exit_code == FAILED
    assert run("list", table, "--head", "other").exit_code == USAGE


def test_a_value_out_of_range_is_refused_with_the_range() -> None:
    result = run("new", "okapi", "--like", "zebra", "--set", "red=900")
    assert result.exit_code == FAILED
    assert "red=900 is out of the table's range, expected 0 to 100" in result.stderr


def test_a_byte_of_no_encoding_stays_as_it_is(table: Path) -> None:
    table.write_bytes(before := table.read_bytes().replace(b"y,", b"\x81,"))
    assert run("new", "z", "--like", "x", "-t", table, "-o", table).exit_code == 0
    assert table.read_bytes() == before + b"z,1,5\n"


def test_answers_change_the_attributes_that_are_asked_for() -> None:
    result = run("new", "okapi", "--like", "zebra", "-i", "--set", "brown=70", stdin="50\n\n30\n")
    assert result.exit_code == 0
    header, row = (line.split(",") for line in result.stdout.splitlines())
    asked = re.findall(r"^  (\w+) \[([\d.]+)\]: ", result.stderr.replace("]: ", "]: \n"), re.MULTILINE)
    assert len(asked) == 4
    assert "stripes (0 to 100): stripes, as on a zebra. High: zebra, tiger, skunk" in result.stderr
    values = [row[header.index(name)] for name, _ in asked]
    assert values == ["50", asked[1][1], "30", asked[3][1]]
    assert row[header.index("brown")] == "70"
    assert "brown" not in [name for name, _ in asked]


@pytest.mark.filterwarnings("ignore:.*(missing cells|same value|spelt)")
@pytest.mark.parametrize(("answer", "message"), [("many", "'many' for"), ("900", "expected 1 to 5")])
def test_a_wrong_answer_from_a_pipe_is_refused(table: Path, answer: str, message: str) -> None:
    result = run("new", "z", "--like", "x", "-i", "-t", table, "-o", table, stdin=f"{answer}\n")
    assert result.exit_code == FAILED
    assert message in result.stderr
    assert "z," not in table.read_text()


@pytest.mark.filterwarnings("ignore:.*(missing cells|same value|spelt)")
def test_classes_are_listed_with_how_each_is_known(table: Path) -> None:
    lines = run("list").stdout.splitlines()
    assert len(lines) == 98
    assert max(map(len, lines)) <= 80
    assert re.search(r"^walrus +attributes +tusks, ", "\n".join(lines), re.MULTILINE)
    assert re.search(r"^zebra +photos +stripes, ", "\n".join(lines), re.MULTILINE)
    rows = json.loads(run("list", table, "--format", "json").stdout)
    assert [(row["class"], row["known_by"]) for row in rows] == [
        ("x", "attributes"),
        ("y", "attributes"),
    ]


@pytest.mark.filterwarnings("ignore:.*(missing cells|same value|spelt)")
def test_a_class_is_shown_by_its_strongest_attributes() -> None:
    lines = run("show", "Polar bear").stdout.splitlines()
    assert lines[0] == "polar_bear, known by attributes"
    assert re.fullmatch(r"arctic +96.88 +7.164  lives in the Arctic or Antarctic", lines[2])
    assert max(map(len, lines)) <= 80
    shown = json.loads(run("show", "zebra", "--format", "json").stdout)
    assert shown["attributes"][0]["attribute"] == "stripes"
    deviations = [trait["deviation"] for trait in shown["attributes"]]
    assert deviations == sorted(deviations, reverse=True)
    assert run("show", "zebro").exit_code == FAILED


@pytest.mark.filterwarnings("ignore:.*(missing cells|same value|spelt)")
def test_the_glossary_beside_a_table_is_printed(table: Path) -> None:
    lines = run("attributes", "awa2").stdout.splitlines()
    assert "flys (0 to 100): flies" in lines
    assert max(map(len, lines)) <= 80
    assert "a (1 to 2)" in run("attributes", table).stdout.splitlines()
    table.with_name("table-attributes.csv").write_text("attribute,meaning,high\na,length,z\n")
    first, second, *_ = run("attributes", table).stdout.splitlines()
    assert (first, second) == ("a (1 to 2): length", "  high: z; low: x, y")


def test_a_table_goes_to_stdout() -> None:
    result = run("write", "-")
    assert result.stdout.startswith("class,black,white")
    assert len(result.stdout.splitlines()) == 98


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


def test_promote_makes_classes_seen(head: Path, new: Path, tmp_path: Path) -> None:
    out = tmp_path / "grown.safetensors"
    run("add", new, "-w", head, "-o", out)
    (tmp_path / "few" / "cyan").mkdir(parents=True)
    draw("cyan", 1).save(tmp_path / "few" / "cyan" / "1.png")
    result = run("promote", tmp_path / "few", "-w", out, "-o", out)
    assert result.exit_code == 0
    assert "1 classes promoted, 7 seen in all" in result.stdout
    assert load_head(out).table.unseen_names == ("orange",)
