from __future__ import annotations

import csv
import io
import json
from pathlib import Path

from commands import run

from zsl_images.cli.console import FINISHED_WITH_FAILURES


def test_levels_of_a_taxonomy_and_the_answer_that_is_sure_enough(colours: Path) -> None:
    arguments = ["classify", colours / "a.png", "--taxonomy", colours / "tree.csv", "--format", "json"]
    (row,) = json.loads(run(*arguments, "--top-k", 1).stdout)
    assert [level["level"] for level in row["levels"]] == ["colour", "warmth", "kind"]
    assert row["levels"][0]["label"] == row["label"] == row["answer"]["label"]
    _, warmth, kind = row["levels"]
    assert (warmth["label"], kind["label"]) == ("warm", "coloured")
    assert row["probability"] <= warmth["probability"] <= kind["probability"]
    least = (row["probability"] + warmth["probability"]) / 2
    (row,) = json.loads(run(*arguments, "--min-confidence", least).stdout)
    assert row["label"] is None
    assert row["answer"] == warmth


def test_an_explanation_compares_the_label_with_the_runner_up(colours: Path) -> None:
    result = run("classify", colours / "a.png", "--explain", "--format", "json")
    (row,) = json.loads(result.stdout)
    why = row["explanation"]
    assert why["label"] == row["top"][0]["label"]
    assert why["runner_up"] == row["top"][1]["label"]
    assert list(why["attributes"][0]) == ["attribute", "share", "value", "runner_up_value"]
    assert len(why["nearest_seen"]) == 3


def test_every_form_of_the_output_has_levels_and_reasons(colours: Path) -> None:
    arguments = ["classify", colours, "--taxonomy", colours / "tree.csv", "--explain"]
    result = run(*arguments, "--format", "json")
    good, bad = json.loads(result.stdout)
    assert result.exit_code == FINISHED_WITH_FAILURES
    assert list(good) == list(bad)
    assert (bad["levels"], bad["answer"], bad["explanation"]) == ([], None, None)

    table = run(*arguments, "--format", "csv", "--top-k", 1).stdout
    good, bad = csv.DictReader(io.StringIO(table))
    assert (good["answer"], good["answer_level"]) == (good["label"], "colour")
    assert good["reasons"].count(";") == 3
    assert (bad["answer"], bad["reasons"]) == ("", "")

    shown = run(*arguments, "--min-confidence", 0.99).stdout
    for text in ("rather than", "nearest seen classes", "coloured"):
        assert text in shown
