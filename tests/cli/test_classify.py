from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.cli import app
from zsl_images.cli.console import FAILED, FINISHED_WITH_FAILURES
from zsl_images.results import Candidate, Prediction

AWA2 = Path(__file__).parent.parent.parent / "weights" / "awa2.csv"
USAGE = 2


def run(*arguments: object, stdin: str | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["classify", *map(str, arguments)], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_json_has_the_promised_fields(photos: Path) -> None:
    code, out, _ = run(photos, "--attributes", AWA2, "--format", "json", "--top-k", 3)
    assert code == 0
    rows = json.loads(out)
    assert [Path(row["path"]).name for row in rows] == ["a.png", "b.jpg"]
    for row in rows:
        assert list(row) == [
            *("path", "label", "probability", "is_seen", "known_by"),
            *("top", "unknown_score", "is_unknown", "error"),
        ]
        assert len(row["top"]) == 3
        about = ("probability", "is_seen", "known_by")
        assert row["top"][0].items() >= {name: row[name] for name in about}.items()
        assert row["is_unknown"]  # noise
        assert row["label"] is None
        assert row["error"] is None
    (row, _) = json.loads(run(photos, "--format", "json", "--max-unknown", 0)[1])
    assert row["label"] == row["top"][0]["label"]


def test_csv_has_the_columns_of_a_label_file(photos: Path, tmp_path: Path) -> None:
    code, out, _ = run(photos, photos / "none.jpg", "--format", "csv", "--top-k", 2)
    rows = list(csv.DictReader(io.StringIO(out)))
    assert code == FINISHED_WITH_FAILURES
    arguments = ["label", photos, "--out", tmp_path / "labels.csv", "--top-k", 2]
    assert CliRunner().invoke(app, [*map(str, arguments)]).exit_code == 0
    with (tmp_path / "labels.csv").open(encoding="utf-8", newline="") as file:
        labelled = list(csv.DictReader(file))
    assert list(rows[0]) == list(labelled[0])
    for row, other in zip(rows, labelled, strict=False):
        assert {**row, "path": str(Path(row["path"]).absolute())} == other
    assert rows[0]["top1_label"]
    assert rows[2]["label"] == ""
    assert "no such file" in rows[2]["error"]


def test_csv_for_excel_begins_with_a_byte_order_mark(photos: Path) -> None:
    result = CliRunner().invoke(app, ["classify", str(photos), "--format", "csv", "--excel"])
    assert result.stdout_bytes.startswith(b"\xef\xbb\xbfpath,label,")
    assert result.stdout_bytes.count(b"\xef\xbb\xbf") == 1
    assert run(photos, "--excel")[0] == USAGE


def result_of(*probabilities: float, **more: Any) -> Prediction:
    names = ("bear", "black_bear", "cat", "dog")
    top = tuple(Candidate(*one, True, "photos") for one in zip(names, probabilities, strict=False))
    return Prediction("a.png", top, **({"unknown_score": 0.1} | more))


@pytest.mark.parametrize(
    ("result", "shown", "hidden"),
    [
        (result_of(0.9996, 0.0004, 0), ["bear 100.0%"], ["cat", "black_bear", "close", "unlike"]),
        (result_of(0.5, 0.3, 0.2), ["close call: bear or black_bear", "cat 20.0%"], ["unlike"]),
        (result_of(0.6, 0.2, 0.2), ["black_bear 20.0%"], ["close"]),
        (
            result_of(0.9, 0.1, unknown_score=0.97, is_unknown=True),
            ["unknown: unlike every class (0.97)", "bear 90.0%"],
            ["close"],
        ),
        (result_of(0.9, 0.1, label_set=("bear", "cat")), ["one of: bear, cat"], ["unlike"]),
        (result_of(0.9, 0.1, label_set=()), ["one of: none is sure enough"], ["unlike"]),
    ],
)
def test_the_table_says_what_to_make_of_the_candidates(
    colours: Path,
    monkeypatch: pytest.MonkeyPatch,
    result: Prediction,
    shown: list[str],
    hidden: list[str],
) -> None:
    monkeypatch.setattr(ZeroShotClassifier, "stream", lambda *_: iter([result]))
    out = " ".join(run(colours / "a.png")[1].split())
    assert all(text in out for text in shown)
    assert not any(text in out for text in hidden)


def test_long_paths_are_shortened_in_the_middle_and_reasons_go_to_stderr(
    colours: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(colours)
    monkeypatch.setenv("COLUMNS", "80")
    folder = Path("a/folder/of/folders/of/folders/of/photos")
    folder.mkdir(parents=True)
    (folder / "broken.png").write_text("broken")
    code, out, err = run(folder / "broken.png", "a.png")
    assert code == FINISHED_WITH_FAILURES
    cell = next(line.split("  cannot")[0].strip() for line in out.splitlines() if "cannot" in line)
    assert cell.startswith("a/folder/")
    assert cell.endswith("os/broken.png")
    assert 30 < len(cell) < len(str(folder / "broken.png"))
    assert "not an image" not in out
    assert err.splitlines()[0].startswith(f"{folder}/broken.png: not an image")


@pytest.mark.parametrize("known_by", ["photos", "attributes", "backbone"])
def test_the_folder_of_a_photo_is_told_at_80_columns(
    colours: Path, monkeypatch: pytest.MonkeyPatch, known_by: str
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    path = "/home/kim/pictures/2024-05-12 Serengeti/card2/100CANON/IMG_0001.JPG"
    top = Candidate("african_hunting_dog", 0.9, known_by == "photos", known_by)
    monkeypatch.setattr(ZeroShotClassifier, "stream", lambda *_: iter([Prediction(path, (top,))]))
    out = run(colours / "a.png")[1]
    assert ".../100CANON/IMG_0001.JPG" in out
    assert all(len(line) <= 80 for line in out.splitlines())
    assert "90.0%" in out


def test_the_table_has_one_line_per_candidate(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    (row,) = json.loads(run(photos / "a.png", "--format", "json", "--top-k", 2)[1])
    code, out, _ = run(photos / "a.png", "--top-k", 2, "--max-unknown", 0)
    assert code == 0
    first, second = (line.split() for line in out.splitlines() if "%" in line)
    assert first[0] == str(photos / "a.png")
    for cells, candidate in zip((first[1:], second), row["top"], strict=True):
        kind = {"photos": ["seen"], "backbone": ["by", "backbone"]}.get(
            candidate["known_by"], ["unseen"]
        )
        assert cells == [candidate["label"], f"{candidate['probability']:.1%}", *kind]


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
    code, out, err = run(photos, "--format", "csv")
    assert "broken.jpg: not an image" in err
    assert "not an image" in out


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
    assert json.loads(result.stdout)[0]["top"]
    lines = result.stderr.splitlines()  # on the first run of all, one about the conversion
    assert all(line.startswith("converting ") for line in lines), result.stderr


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


def test_shipped_tables_are_found_by_name_in_a_fresh_folder(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "fresh").mkdir()
    monkeypatch.chdir(tmp_path / "fresh")
    options = ("--attributes", "awa2.csv", "--taxonomy", "awa2-groups.csv", "--format", "json")
    code, out, err = run(photos, *options)
    assert code == 0
    assert [level["level"] for level in json.loads(out)[0]["levels"]][1:] == [
        "kind",
        "family",
        "order",
        "class",
    ]
    assert err.count("the table that ships with zsl_images") == 2
