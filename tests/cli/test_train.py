from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import run
from drawing import COLOURS

from zsl_images.classes.class_table import ClassTable
from zsl_images.cli.console import FAILED, FINISHED_WITH_FAILURES


@pytest.fixture
def table(tmp_path: Path, colour_table: ClassTable) -> Path:
    colour_table.write(tmp_path / "colours.csv")
    return tmp_path / "colours.csv"


def test_train_then_classify_then_evaluate(colour_photos: Path, table: Path, tmp_path: Path) -> None:
    head, cache = tmp_path / "head.safetensors", tmp_path / "features.parquet"
    result = run("train", colour_photos, "-a", table, "-o", head, "--folds", 1, "--cache", cache)
    assert result.exit_code == 0
    assert "6 seen and 2 unseen classes" in result.stdout
    assert "AUSUC" in result.stdout
    first = next(line for line in result.stdout.splitlines() if "%" in line)
    assert first.split()[0] == "seen_accuracy"
    assert first.endswith("right labels for photos of seen classes")
    assert "training: generate-and-learn" in result.stderr
    assert "reconstruction" in result.stderr
    assert cache.exists()

    photo = colour_photos / "red" / "03.png"
    result = run("classify", photo, "-w", head, "--format", "json", "--top-k", 99)
    (row,) = json.loads(result.stdout)
    assert row["label"] == "red"
    assert {candidate["label"] for candidate in row["top"]} == set(COLOURS)

    result = run("evaluate", colour_photos, "-w", head, "--cache", cache, "--format", "json")
    assert json.loads(result.stdout)["figures"]["seen_accuracy"] > 0.7


def test_an_unwritable_place_is_said_before_the_work(
    colour_photos: Path, table: Path, tmp_path: Path
) -> None:
    result = run("train", colour_photos, "-a", table, "-o", tmp_path / "none" / "head.safetensors")
    assert result.exit_code == FAILED
    assert "cannot write" in result.stderr
    assert "features" not in result.stderr


def test_a_folder_without_a_row_is_an_error(colour_photos: Path, tmp_path: Path) -> None:
    (tmp_path / "two.csv").write_text("class,a\nred,1\ngreen,2\n")
    out = tmp_path / "head.safetensors"
    result = run("train", colour_photos, "-a", tmp_path / "two.csv", "-o", out)
    assert result.exit_code == FAILED
    assert "blue, grey (did you mean green?), magenta, yellow" in result.stderr
    assert not out.exists()


def test_broken_photos_are_said_at_the_end(colour_photos: Path, table: Path, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    for colour in ("red", "green", "blue"):
        (photos / colour).mkdir(parents=True)
        for seed in range(3):
            (photos / colour / f"{seed}.png").symlink_to(colour_photos / colour / f"0{seed}.png")
    (photos / "red" / "broken.png").write_text("broken")
    out = tmp_path / "head.safetensors"
    result = run("train", photos, "-a", table, "-o", out, "--folds", 0)
    assert result.exit_code == FINISHED_WITH_FAILURES
    assert "broken.png" in result.stderr
    assert out.exists()


def test_a_head_is_trained_without_photos(tmp_path: Path) -> None:
    head = tmp_path / "head.safetensors"
    classes = ("--attributes", "things.csv", "--backbone-classes", "things.csv")
    result = run("train", *classes, "-o", head)
    assert result.exit_code == 0, result.stderr
    assert "0 seen and 602 unseen classes" in result.stdout
    assert "learned from 602 classes of the backbone, 602 of them among the unseen" in result.stdout
    assert "calibrated without photos" in result.stdout
    assert "calibrated without photos" in run("classes", "list", "-w", head).stdout
    (first, *_) = json.loads(run("classes", "list", "-w", head, "--format", "json").stdout)
    assert first["known_by"] == "backbone"


def test_photos_and_backbone_classes_join(colour_photos: Path, table: Path, tmp_path: Path) -> None:
    lines = table.read_text().splitlines()
    marked = [f"{lines[0]},index", *(f"{line},{row}" for row, line in enumerate(lines[1:]))]
    (tmp_path / "map.csv").write_text("\n".join(marked))
    head = tmp_path / "head.safetensors"
    options = ("-a", table, "--backbone-classes", tmp_path / "map.csv", "-o", head, "--folds", 1)
    result = run("train", colour_photos, *options, "--cache", tmp_path / "features.parquet")
    assert result.exit_code == 0, result.stderr
    assert "6 seen and 2 unseen classes" in result.stdout
    assert "learned from 8 classes of the backbone, 2 of them among the unseen" in result.stdout
    assert "AUSUC" in result.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "give a folder of photos"),
        (("--backbone-classes", "things.csv", "--folds", 1), "--folds has no effect without photos"),
        (("--backbone-classes", "things.csv", "--recipe", "best"), "--recipe has no effect"),
    ],
)
def test_what_has_no_effect_without_photos_is_refused(
    options: tuple[object, ...], message: str, tmp_path: Path
) -> None:
    result = run("train", "-a", "things.csv", *options, "-o", tmp_path / "head.safetensors")
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
