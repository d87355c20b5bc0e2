from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from drawing import UNSEEN, draw
from typer.testing import CliRunner, Result

from zsl_images.classes.class_table import ClassTable
from zsl_images.cli import app
from zsl_images.cli.console import FAILED, FINISHED_WITH_FAILURES
from zsl_images.head.head_file import load_head

USAGE = 2


@pytest.fixture(scope="session")
def head(
    colour_photos: Path, colour_table: ClassTable, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A head of the six seen colours, on the default backbone."""
    folder = tmp_path_factory.mktemp("head")
    seen = [name for name in colour_table.names if name not in UNSEEN]
    colour_table.select(seen).write(folder / "seen.csv")
    out = folder / "head.safetensors"
    result = run("train", colour_photos, "-a", folder / "seen.csv", "-o", out, "--folds", 0)
    assert result.exit_code == 0
    return out


@pytest.fixture
def new(tmp_path: Path, colour_table: ClassTable) -> Path:
    colour_table.select(UNSEEN).write(tmp_path / "new.csv")
    return tmp_path / "new.csv"


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_add_at_once_learned_and_with_photos(
    head: Path, new: Path, tmp_path: Path, colour_photos: Path
) -> None:
    out = tmp_path / "grown.safetensors"
    result = run("classes", "add", new, "-w", head, "-o", out)
    assert result.exit_code == 0
    assert "2 classes added, 8 in all" in result.stdout
    assert load_head(out).residuals == {}
    result = run("classes", "add", new, "-w", head, "-o", out, "--learn")
    assert "generate-and-learn" in result.stderr
    generated = load_head(out)
    assert generated.table.unseen_names == UNSEEN
    assert set(generated.residuals) == set(UNSEEN)
    assert run(
        "classes", "add", new, "-w", head, "-o", out, "--learn", "--photos", colour_photos
    ).stdout
    assert (load_head(out).residuals["cyan"] != generated.residuals["cyan"]).any()


def test_the_old_names_of_the_command_and_its_options_work(
    head: Path, new: Path, tmp_path: Path
) -> None:
    out = tmp_path / "grown.safetensors"
    assert run("add-classes", new, "--weights", head, "-o", out).exit_code == 0
    assert load_head(out).table.unseen_names == UNSEEN


def test_adding_says_what_is_wrong(head: Path, new: Path, tmp_path: Path) -> None:
    out = tmp_path / "grown.safetensors"
    assert run("classes", "add", new, "-w", head, "-o", out, "--photos", tmp_path).exit_code == USAGE
    options = ("-w", head, "-o", out, "--learn", "--cache", tmp_path / "f.parquet")
    assert run("classes", "add", new, *options).exit_code == USAGE
    run("classes", "add", new, "-w", head, "-o", out)
    again = run("classes", "add", new, "-w", out, "-o", tmp_path / "twice.safetensors")
    assert again.exit_code == FAILED
    assert "classes already: orange, cyan" in again.stderr
    assert not (tmp_path / "twice.safetensors").exists()
    nowhere = run("classes", "add", new, "-w", head, "-o", tmp_path / "none" / "x.safetensors")
    assert nowhere.exit_code == FAILED
    assert "cannot write" in nowhere.stderr


def test_write_remove_and_rename(head: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "other.safetensors", tmp_path / "table.csv"
    assert "6 classes, 6 of them seen" in run("classes", "write", table, "-w", head).stdout
    before = table.read_bytes().splitlines()
    assert "5 classes" in run("classes", "remove", "green", "-w", head, "-o", out).stdout
    run("classes", "write", table, "-w", out)
    assert table.read_bytes().splitlines() == [line for line in before if line[:6] != b"green,"]
    assert run("classes", "rename", "blue", "navy", "-w", out, "-o", out).exit_code == 0
    assert load_head(out).table.names == ("red", "navy", "yellow", "magenta", "grey")
    wrong = run("classes", "remove", "bleu", "-w", head, "-o", out)
    assert wrong.exit_code == FAILED
    assert "did you mean blue?" in wrong.stderr


def test_promote_makes_classes_seen(head: Path, new: Path, tmp_path: Path) -> None:
    out = tmp_path / "grown.safetensors"
    run("classes", "add", new, "-w", head, "-o", out)
    (tmp_path / "few" / "cyan").mkdir(parents=True)
    draw("cyan", 1).save(tmp_path / "few" / "cyan" / "1.png")
    result = run("classes", "promote", tmp_path / "few", "-w", out, "-o", out)
    assert result.exit_code == 0
    assert "1 classes promoted, 7 seen in all" in result.stdout
    assert load_head(out).table.unseen_names == ("orange",)


def test_adapt_reports_before_and_after(
    head: Path, new: Path, tmp_path: Path, colour_photos: Path
) -> None:
    grown, out = tmp_path / "grown.safetensors", tmp_path / "adapted.safetensors"
    run("classes", "add", new, "-w", head, "-o", grown)
    photos = tmp_path / "photos"
    shutil.copytree(colour_photos, photos)
    for colour in UNSEEN:
        for seed in range(10):
            draw(colour, seed).save(photos / f"{colour}-{seed}.png")
    result = run("adapt", photos, "-w", grown, "-o", out)
    assert result.exit_code == 0
    assert "adapted to 80 photos" in result.stdout
    assert "labels that stay" in result.stdout
    assert set(load_head(out).residuals) == set(UNSEEN)
    (photos / "broken.png").write_text("broken")
    result = run(
        "adapt", photos, "-w", grown, "-o", out, "--format", "json", "-a", tmp_path / "new.csv"
    )
    assert result.exit_code == FINISHED_WITH_FAILURES
    report = json.loads(result.stdout)
    assert report["photos"] == 80
    assert 0 <= report["agreement"] <= 1
    assert {name for name, _, _ in report["counts"]} <= set(UNSEEN)
    result = run("adapt", colour_photos / "red", "-w", grown, "-o", out)
    assert result.exit_code == FAILED
    assert "10 photos that can be read, expected 30 or more" in result.stderr


def test_adding_with_photos_tells_those_left_out(
    head: Path, new: Path, tmp_path: Path, colour_photos: Path
) -> None:
    photos, out = tmp_path / "photos", tmp_path / "grown.safetensors"
    shutil.copytree(colour_photos, photos)
    (photos / "red" / "broken.png").write_text("broken")
    result = run("classes", "add", new, "-w", head, "-o", out, "--learn", "--photos", photos)
    assert result.exit_code == FINISHED_WITH_FAILURES
    assert "left out: " in result.stderr
    assert "broken.png" in result.stderr
    assert len(load_head(out).table) == 8
