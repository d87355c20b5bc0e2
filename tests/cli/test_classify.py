from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from drawing import draw
from PIL import Image
from typer.testing import CliRunner

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.cli import app
from zsl_images.cli.console import FAILED, FINISHED_WITH_FAILURES

AWA2 = Path(__file__).parent.parent.parent / "weights" / "awa2.csv"
USAGE = 2


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in ("a.png", "b.jpg"):
        noise = rng.integers(0, 255, (8, 8, 3), np.uint8)
        Image.fromarray(noise).resize((64, 48)).save(folder / name)
    return folder


def run(*arguments: object, stdin: str | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["classify", *map(str, arguments)], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.filterwarnings("ignore:.*missing cells")
def test_json_has_the_promised_fields(photos: Path) -> None:
    code, out, _ = run(photos, "--attributes", AWA2, "--format", "json", "--top-k", 3)
    assert code == 0
    rows = json.loads(out)
    assert [Path(row["path"]).name for row in rows] == ["a.png", "b.jpg"]
    for row in rows:
        assert list(row) == ["path", "label", "probability", "is_seen", "top", "unknown_score", "error"]
        assert len(row["top"]) == 3
        assert row["top"][0] == {name: row[name] for name in ("label", "probability", "is_seen")}
        assert row["error"] is None


@pytest.mark.filterwarnings("ignore:.*missing cells")
def test_the_tables_classes_are_the_candidates(photos: Path) -> None:
    _, out, _ = run(photos / "a.png", "--attributes", AWA2, "--format", "json", "--top-k", 999)
    (row,) = json.loads(out)
    assert len(row["top"]) == 50
    assert sum(not candidate["is_seen"] for candidate in row["top"]) == 17
    assert sum(candidate["probability"] for candidate in row["top"]) == pytest.approx(1, abs=1e-4)


def test_csv_has_the_same_columns_with_the_top_flattened(photos: Path) -> None:
    code, out, _ = run(photos, photos / "none.jpg", "--format", "csv", "--top-k", 2)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == FINISHED_WITH_FAILURES
    assert list(rows[0]) == [
        "path",
        "label",
        "probability",
        "is_seen",
        "top1_label",
        "top1_probability",
        "top1_is_seen",
        "top2_label",
        "top2_probability",
        "top2_is_seen",
        "unknown_score",
        "error",
    ]
    assert rows[0]["label"] == rows[0]["top1_label"]
    assert rows[2]["label"] == ""
    assert "no such file" in rows[2]["error"]


def test_a_table_for_reading(photos: Path) -> None:
    code, out, _ = run(photos / "a.png")
    assert code == 0
    assert "a.png" in out
    assert "%" in out
    assert "seen" in out


def test_globs_and_paths_from_stdin(photos: Path) -> None:
    _, out, _ = run(f"{photos}/*.jpg", "--format", "json")
    assert [Path(row["path"]).name for row in json.loads(out)] == ["b.jpg"]
    _, out, _ = run("-", "--format", "json", stdin=f"{photos / 'b.jpg'}\n\n{photos / 'a.png'}\n")
    assert [Path(row["path"]).name for row in json.loads(out)] == ["b.jpg", "a.png"]


def test_one_bad_photo_is_reported_and_the_rest_are_labelled(photos: Path) -> None:
    (photos / "broken.jpg").write_text("no picture")
    (photos / "empty.jpg").touch()
    code, out, err = run(photos, "--format", "json")
    assert code == FINISHED_WITH_FAILURES
    errors = {Path(row["path"]).name: row["error"] for row in json.loads(out)}
    assert errors["a.png"] is errors["b.jpg"] is None
    assert "not an image" in errors["broken.jpg"]
    assert "empty file" in errors["empty.jpg"]
    assert "2 of 4 photos could not be read" in err


def test_only_unseen_classes_are_candidates_where_asked(photos: Path) -> None:
    _, out, _ = run(photos / "a.png", "--zsl-only", "--format", "json", "--top-k", 99)
    (row,) = json.loads(out)
    assert len(row["top"]) == 17
    assert not any(candidate["is_seen"] for candidate in row["top"])


def test_the_seen_penalty_can_be_set(photos: Path) -> None:
    _, out, _ = run(photos / "a.png", "--seen-penalty", 1e6, "--format", "json")
    assert json.loads(out)[0]["is_seen"] is False
    _, out, _ = run(photos / "a.png", "--seen-penalty", -1e6, "--format", "json")
    assert json.loads(out)[0]["is_seen"] is True
    assert run(photos / "a.png", "--seen-penalty", "balanced")[0] == 0
    assert run(photos / "a.png", "--seen-penalty", "much")[0] == USAGE


def test_wrong_usage_and_our_errors_have_their_exit_codes(photos: Path, tmp_path: Path) -> None:
    assert run(photos, "--top-k", 0)[0] == USAGE
    assert run(photos, "--format", "xml")[0] == USAGE
    (tmp_path / "empty").mkdir()
    assert run(tmp_path / "empty")[0] == USAGE
    (tmp_path / "bad.csv").write_text("class,a\nx,1\nx,2\n")
    for arguments, message in (
        (["--head", tmp_path / "none.safetensors"], "no head at"),
        (["--head", AWA2], "damaged or no safetensors file"),
        (["--attributes", tmp_path / "none.csv"], "cannot read the class table"),
        (["--attributes", tmp_path / "bad.csv"], "line 3, column 1"),
        (["--device", "toaster"], "'toaster' cannot be used"),
    ):
        code, out, err = run(photos, *arguments)
        assert (code, out) == (FAILED, "")
        assert message in err


def test_a_table_with_other_attributes_than_the_heads(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "wings.csv").write_text("class,wings,stripe\nx,1,5\ny,2,7\n")
    code, _, err = run(photos, "--attributes", tmp_path / "wings.csv")
    assert code == FAILED
    assert "85 of the 85 attributes" in err


def test_as_a_process_help_answers_before_torch_wakes() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "zsl_images", "--help"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "classify" in result.stdout
    assert not any(line.endswith(" torch") for line in result.stderr.splitlines())


def test_as_a_process_it_labels_a_photo(photos: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "zsl_images",
        "classify",
        str(photos / "a.png"),
        "--format",
        "json",
    ]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1"},
    )
    assert json.loads(result.stdout)[0]["label"]
    lines = result.stderr.splitlines()  # on the first run of all, one about the conversion
    assert all(line.startswith("converting ") for line in lines), result.stderr


def test_below_the_least_confidence_there_is_no_label(photos: Path) -> None:
    _, out, _ = run(photos / "a.png", "--min-confidence", 1, "--format", "json")
    (row,) = json.loads(out)
    assert row["label"] is None
    assert row["error"] is None
    assert row["top"]
    assert 0 <= row["unknown_score"] <= 1
    assert "no label" in run(photos / "a.png", "--min-confidence", 1)[1]
    assert run(photos / "a.png", "--min-confidence", 1.5)[0] == USAGE


TREE = """colour,warmth,kind
red,warm,coloured
orange,warm,coloured
yellow,warm,coloured
magenta,warm,coloured
green,cold,coloured
blue,cold,coloured
cyan,cold,coloured
grey,,
"""


@pytest.fixture
def colours(trained: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a drawn photo, a broken one and a taxonomy; every head is the drawn colours'."""
    monkeypatch.setattr(ZeroShotClassifier, "load", lambda *_, **__: trained)
    draw("red", 70).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("broken")
    (tmp_path / "tree.csv").write_text(TREE)
    return tmp_path


def test_levels_of_a_taxonomy_and_the_answer_that_is_sure_enough(colours: Path) -> None:
    arguments = [colours / "a.png", "--taxonomy", colours / "tree.csv", "--format", "json"]
    (row,) = json.loads(run(*arguments, "--top-k", 1)[1])
    assert [level["level"] for level in row["levels"]] == ["colour", "warmth", "kind"]
    assert row["levels"][0]["label"] == row["label"] == row["answer"]["label"]
    _, warmth, kind = row["levels"]
    assert (warmth["label"], kind["label"]) == ("warm", "coloured")
    assert row["probability"] <= warmth["probability"] <= kind["probability"]
    least = (row["probability"] + warmth["probability"]) / 2
    (row,) = json.loads(run(*arguments, "--min-confidence", least)[1])
    assert row["label"] is None
    assert row["answer"] == warmth


def test_reasons_are_told(colours: Path) -> None:
    (row,) = json.loads(run(colours / "a.png", "--explain", "--format", "json")[1])
    why = row["explanation"]
    assert why["label"] == row["top"][0]["label"]
    assert why["runner_up"] == row["top"][1]["label"]
    assert list(why["attributes"][0]) == ["attribute", "share", "value", "runner_up_value"]
    assert len(why["nearest_seen"]) == 3


def test_every_form_of_the_output_has_levels_and_reasons(colours: Path) -> None:
    arguments = [colours, "--taxonomy", colours / "tree.csv", "--explain"]
    code, out, _ = run(*arguments, "--format", "json")
    good, bad = json.loads(out)
    assert code == FINISHED_WITH_FAILURES
    assert list(good) == list(bad)
    assert (bad["levels"], bad["answer"], bad["explanation"]) == ([], None, None)

    good, bad = csv.DictReader(io.StringIO(run(*arguments, "--format", "csv", "--top-k", 1)[1]))
    assert (good["warmth"], good["answer"], good["answer_level"]) == ("warm", good["label"], "colour")
    assert good["reasons"].count(";") == 3
    assert (bad["warmth"], bad["answer"], bad["reasons"]) == ("", "", "")

    out = run(*arguments, "--min-confidence", 0.99)[1]
    assert "rather than" in out
    assert "nearest seen classes" in out
    assert "coloured" in out


def test_a_taxonomy_without_a_candidate_is_refused(colours: Path) -> None:
    (colours / "tree.csv").write_text(TREE.replace("cyan", "cian"))
    code, _, err = run(colours / "a.png", "--taxonomy", colours / "tree.csv")
    assert code == FAILED
    assert "cyan (did you mean cian?)" in err


def test_names_of_photos_are_neither_formulas_nor_markup(
    colours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(colours)
    for name in ("=cmd.png", "copy [b] x.png"):
        (colours / name).write_text("broken")
    rows = csv.DictReader(io.StringIO(run("=cmd.png", "a.png", "--format", "csv")[1]))
    assert [row["path"] for row in rows] == ["'=cmd.png", "a.png"]
    assert "copy [b] x.png" in run("copy [b] x.png")[1]


def test_names_are_shown_as_they_are_and_cannot_steer_the_terminal(
    colours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(colours)
    names = ("cam:100:1.png", ":tiger:.png", "red\x1b[31m.png", "left\u202eright.png")
    for name in names:
        (colours / name).write_text("broken")
    _, out, err = run(*names)
    for shown in ("cam:100:1.png", ":tiger:.png", r"red\x1b[31m.png", r"left\u202eright.png"):
        assert shown in out
    assert not {"\x1b", "\u202e"} & {*out, *err}


@pytest.mark.filterwarnings("ignore:.*missing cells")
def test_shipped_tables_are_found_by_name_in_a_fresh_folder(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fresh").mkdir()
    monkeypatch.chdir(tmp_path / "fresh")
    options = ("--attributes", "awa2.csv", "--taxonomy", "awa2-groups.csv", "--format", "json")
    code, out, err = run(photos, *options)
    assert code == 0
    assert [level["level"] for level in json.loads(out)[0]["levels"]][1:] == [
        "family",
        "order",
        "class",
    ]
    assert err.count("the table that ships with zsl_images") == 2
