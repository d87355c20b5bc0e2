from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from commands import run

from zsl_images.cli.console import FAILED


@pytest.fixture
def table(tmp_path: Path) -> Path:
    (tmp_path / "table.csv").write_text("class,a,b\nx,1,5\ny,2,5\n")
    return tmp_path / "table.csv"


@pytest.mark.filterwarnings("ignore:.*(missing cells|same value|spelt)")
def test_classes_are_listed_with_how_each_is_known(table: Path) -> None:
    lines = run("classes", "list").stdout.splitlines()
    assert len(lines) == 259
    assert max(map(len, lines)) <= 80
    assert re.search(r"^walrus +attributes +tusks, ", "\n".join(lines), re.MULTILINE)
    assert re.search(r"^zebra +photos +hooves, stripes, ", "\n".join(lines), re.MULTILINE)
    rows = json.loads(run("classes", "list", table, "--format", "json").stdout)
    assert [(row["class"], row["known_by"]) for row in rows] == [
        ("x", "attributes"),
        ("y", "attributes"),
    ]


@pytest.mark.filterwarnings("ignore:.*(missing cells|same value|spelt)")
def test_a_class_is_shown_by_its_strongest_attributes() -> None:
    lines = run("classes", "show", "Polar bear").stdout.splitlines()
    assert lines[0] == "polar_bear, known by backbone"
    assert re.fullmatch(r"arctic +96.88 +4.941  lives in the Arctic or Antarctic", lines[2])
    assert max(map(len, lines)) <= 80
    shown = json.loads(run("classes", "show", "zebra", "--format", "json").stdout)
    assert shown["attributes"][1]["attribute"] == "stripes"
    deviations = [trait["deviation"] for trait in shown["attributes"]]
    assert deviations == sorted(deviations, reverse=True)
    assert run("classes", "show", "zebro").exit_code == FAILED


@pytest.mark.filterwarnings("ignore:.*(missing cells|same value|spelt)")
def test_the_glossary_beside_a_table_is_printed(table: Path) -> None:
    lines = run("classes", "attributes", "awa2").stdout.splitlines()
    assert "flys (0 to 100): flies" in lines
    assert max(map(len, lines)) <= 80
    assert "a (1 to 2)" in run("classes", "attributes", table).stdout.splitlines()
    table.with_name("table-attributes.csv").write_text("attribute,meaning,high\na,length,z\n")
    first, second, *_ = run("classes", "attributes", table).stdout.splitlines()
    assert (first, second) == ("a (1 to 2): length", "  high: z; low: x, y")
