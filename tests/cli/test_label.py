from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawing import COLOURS, draw
from typer.testing import CliRunner

from zsl_images.cli import app
from zsl_images.cli.console import FAILED, FINISHED_WITH_FAILURES, INTERRUPTED

USAGE = 2


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    for colour in COLOURS:
        draw(colour, 0).save(folder / f"{colour}.png")
    return folder


def run(*arguments: object, stdin: str | None = None) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, [*map(str, arguments)], input=stdin)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stdout, result.stderr


def test_labels_and_everything_beside_them(photos: Path, tmp_path: Path) -> None:
    (photos / "broken.png").write_text("broken")
    out, kept = tmp_path / "labels.csv", tmp_path / "features.parquet"
    code, text, _ = run(
        *("label", photos, "--out", out, "--features", kept, "--copy", tmp_path / "sorted", "--xmp"),
        *("--coco", tmp_path / "coco.json", "--label-studio", tmp_path / "tasks.json"),
        *("--max-unknown", 0),
    )
    assert code == FINISHED_WITH_FAILURES
    assert "9 photos, 0 of them labelled before; 0 without a label, 1 could not be read" in text
    with out.open() as lines:
        rows = list(csv.DictReader(lines))
    assert [Path(row["path"]).stem for row in rows] == sorted([*COLOURS, "broken"])
    assert len([row for row in rows if row["error"]]) == 1
    assert len(list((tmp_path / "sorted").glob("*/*.png"))) == 8
    assert len(list(photos.glob("*.png.xmp"))) == 8
    assert len(json.loads((tmp_path / "coco.json").read_text())["annotations"]) == 8
    assert len(json.loads((tmp_path / "tasks.json").read_text())) == 8
    (photos / "broken.png").unlink()
    code, text, _ = run("label", photos, "-o", out, "--features", kept, "--prune", "--max-unknown", 0)
    assert (code, "8 photos, 8 of them labelled before" in text) == (0, True)


def test_photos_from_stdin_and_manifests(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "l.jsonl"
    names = "\n".join(map(str, photos.iterdir()))
    assert run("label", "-", "--out", out, stdin=names)[0] == 0
    (tmp_path / "list.txt").write_text(names)
    code, text, _ = run("label", tmp_path / "list.txt", "--out", out)
    assert (code, "8 of them labelled before" in text) == (0, True)


def test_wrong_usage_and_errors(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    cases = [
        (("--out", tmp_path / "l.xlsx"), USAGE, "to end in .parquet, .csv, .jsonl"),
        (("--out", tmp_path / "none" / "l.csv"), FAILED, "cannot write"),
        (("--out", tmp_path / "l.csv", "--move", "a", "--copy", "b"), USAGE, "one of move"),
        (("--out", tmp_path / "l.csv", "--move", photos / "a"), USAGE, "labelled again"),
        (("--out", tmp_path / "l.csv", "--engine", "fast"), USAGE, "fast"),
        (("--out", tmp_path / "l.csv", "--move", "a", "--prune"), USAGE, "would drop the rows"),
        (("--out", tmp_path / "l.csv", "--coco", tmp_path / "l.csv"), USAGE, "need different files"),
    ]
    for arguments, code, message in cases:
        found, _, text = run("label", photos, *arguments)
        assert (found, message in " ".join(text.replace("│", " ").split())) == (code, True), text
    code, _, text = run("label", tmp_path / "empty", "--out", tmp_path / "l.csv")
    assert (code, "no image found" in text) == (USAGE, True)
    (photos / "broken.png").write_text("broken")
    code, _, text = run("label", photos, "--out", tmp_path / "s.csv", "--strict")
    assert (code, "broken.png: not an image" in text) == (FAILED, True)


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(photos: Path, tmp_path: Path) -> None:
    for seed in range(1, 300):
        draw("red", seed).save(photos / f"red-{seed:03}.png")
    out = tmp_path / "labels.parquet"
    command = [sys.executable, "-m", "zsl_images", "label", str(photos), "--out", str(out)]
    with subprocess.Popen(
        [*command, "--json-progress", "--batch-size", "4", "--engine", "torch"],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        assert json.loads(process.stderr.readline())["done"] == 4
        process.send_signal(signal.SIGINT)
        text = process.stderr.read()
    assert process.returncode == INTERRUPTED
    assert "run the same command to continue" in text
    done = int(text.split("stopped after ")[1].split()[0])
    assert 4 <= done < 307
    code, text, _ = run("label", photos, "--out", out, "--engine", "torch")
    assert (code, f"307 photos, {done} of them labelled before" in text) == (0, True)


def test_a_source_that_is_gone_leaves_the_rows_as_they_are(photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels.csv"
    assert run("label", photos, "--out", out)[0] == 0
    before = out.read_bytes()
    photos.rename(tmp_path / "elsewhere")
    for source in (photos, f"{photos}/*.png", tmp_path / "list.txt"):
        code, _, text = run("label", tmp_path / "elsewhere", source, "--out", out, "--prune")
        assert (code, out.read_bytes()) == (FAILED, before)
        assert "no such" in text or "no file matches" in text


@pytest.fixture
def locked(photos: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in that of the photos, which nobody may list."""
    (photos / "locked").mkdir()
    scandir = os.scandir

    def refusing(path: object) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing)
    return photos / "locked"


def test_what_is_left_out_is_told_and_a_locked_folder_is_no_success(
    photos: Path, locked: Path, tmp_path: Path
) -> None:
    out = tmp_path / "labels.csv"
    (photos / "film.mp4").touch()
    code, _, text = run("label", photos, "--out", out)
    assert code == FINISHED_WITH_FAILURES
    assert f"left out: 1 .mp4 (videos: save frames as JPEG); folder {locked} (Perm" in text
    code, _, text = run("classify", photos, "--format", "json")
    assert (code, "left out: 1 .mp4" in text) == (FINISHED_WITH_FAILURES, True)
    before = out.read_bytes()
    code, _, text = run("label", photos, "--out", out, "--prune")
    assert (code, out.read_bytes()) == (FAILED, before)
    assert "would drop rows of photos that are still there" in text
    code, _, text = run("label", locked, "--out", out)
    assert (code, "Permission denied" in text) == (FAILED, True)


def test_one_photo_has_one_row_however_its_path_is_written(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "labels.csv"
    for folder, source in (
        (tmp_path, "photos"),
        (photos, "."),
        (photos, "../photos"),
        (photos, photos),
    ):
        monkeypatch.chdir(folder)
        assert run("label", source, "--out", out)[0] == 0
    with out.open() as lines:
        paths = [row["path"] for row in csv.DictReader(lines)]
    assert paths == sorted(str(photos / f"{colour}.png") for colour in COLOURS)


def test_a_tilde_in_any_path_is_the_home_folder(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(photos)
    code, _, _ = run("label", "~/photos", "--out=~/l.parquet", "--copy=~/sorted", "--coco=~/c.json")
    assert code == 0
    assert {"l.parquet", "sorted", "c.json"} <= {path.name for path in tmp_path.iterdir()}
    assert not (photos / "~").exists()


def test_a_row_without_a_path_is_a_failure_row(photos: Path, tmp_path: Path) -> None:
    paths = [str(photos / "red.png"), None]
    pq.write_table(pa.table({"path": paths}), tmp_path / "list.parquet")
    code, _, text = run("label", tmp_path / "list.parquet", "--out", tmp_path / "l.csv")
    assert (code, "Traceback" in text) == (FINISHED_WITH_FAILURES, False)
    with (tmp_path / "l.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert rows[0]["top1_label"]
    assert "row 2 has no path" in rows[1]["error"]


def test_names_that_are_not_utf8_are_labelled_sorted_and_printed(photos: Path, tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    try:
        (photos / "red.png").rename(photos / name)
    except OSError:
        pytest.skip("this file system has no such names")
    out = tmp_path / "l.csv"
    assert (
        run("label", photos, "--out", out, "--copy", tmp_path / "sorted", "--xmp", "--max-unknown", 0)[
            0
        ]
        == 0
    )
    assert len(list((tmp_path / "sorted").glob(f"*/{name}"))) == 1
    assert (photos / f"{name}.xmp").exists()
    for form in ("table", "json", "csv"):
        command = [sys.executable, "-m", "zsl_images", "classify", "-", "--format", form]
        result = subprocess.run(
            command,
            input=os.fsencode(photos / name) + b"\n",
            capture_output=True,
            env={**os.environ, "PYTHONIOENCODING": "utf-8:strict", "COLUMNS": "300"},
        )
        assert result.returncode == 0, result.stderr
        assert rb"caf\xe9.png" in result.stdout.replace(b"\\\\", b"\\")


def test_it_ends_with_a_summary_of_80_columns(colours: Path) -> None:
    code, out, err = run("label", colours, "--out", colours / "labels.csv")
    assert code == FINISHED_WITH_FAILURES
    lines, reasons = out.splitlines(), err.splitlines()
    assert lines[1].split() == ["red", "1"]
    assert lines[2].split() == ["unreadable", "1"]
    assert reasons[-2].endswith("b.png")
    assert "not an image" in reasons[-1]
    assert max(map(len, [*lines[1:], *reasons])) <= 80
    _, out, _ = run("label", colours, "-o", colours / "labels.csv", "--excel", "--json-progress")
    assert out.splitlines()[1:] == [*lines[1:], *reasons[-2:]]
    assert (colours / "labels.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert run("label", colours, "-o", colours / "l.jsonl", "--excel")[0] == USAGE


@pytest.fixture
def card(colours: Path) -> Path:
    """A folder with a photo and a broken one, as it comes from a camera."""
    (colours / "card").mkdir()
    for name in ("a.png", "b.png"):
        (colours / name).rename(colours / "card" / name)
    return colours / "card"


def test_a_move_keeps_the_mark_of_excel_and_takes_the_features_along(card: Path) -> None:
    out, kept = card.with_name("labels.csv"), card.with_name("features.parquet")
    target = card.with_name("sorted")
    code, _, _ = run("label", card, "-o", out, "--excel", "--features", kept, "--move", target)
    assert code == FINISHED_WITH_FAILURES
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    moved = str(target / "red" / "a.png")
    assert pq.read_table(kept)["path"].to_pylist() == [moved]
    with out.open(encoding="utf-8-sig") as lines:
        assert [row["path"] for row in csv.DictReader(lines)] == [moved, str(card / "b.png")]


def test_photos_that_cannot_be_sorted_leave_the_progress_json(card: Path) -> None:
    card.with_name("sorted").mkdir()
    (card.with_name("sorted") / "red").write_text("in the way")
    out = card.with_name("labels.csv")
    code, text, progress = run(
        *("label", card, "-o", out, "--copy", card.with_name("sorted"), "--json-progress")
    )
    assert code == FINISHED_WITH_FAILURES
    assert f"cannot copy {card / 'a.png'}" in text
    assert all(isinstance(json.loads(line), dict) for line in progress.splitlines())


def test_photos_that_changed_are_told_of_without_a_guess_at_why(card: Path) -> None:
    out = card.with_name("labels.csv")
    run("label", card, "-o", out)
    os.utime(card / "a.png", ns=(1, 1))
    _, text, _ = run("label", card, "-o", out)
    assert "labelled anew: 1 photo with another size or time" in text
    assert "or a spreadsheet rounded the times" in text
