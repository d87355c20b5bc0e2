from __future__ import annotations

import shutil
from pathlib import Path

from commands import USAGE, run
from drawing import UNSEEN

from zsl_images.cli.console import FAILED, FINISHED_WITH_FAILURES
from zsl_images.head.head_file import load_head


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
