"""Commands that are killed, meet a full disk, or lose their inputs: nothing is lost or left behind."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import crashing
import pytest
from drawing import draw

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import OutputError
from zsl_images.features.manifests import write_manifest
from zsl_images.labelling.label import label
from zsl_images.labelling.label_files import read_labels
from zsl_images.labelling.sorting import sort_photos

KILLS = int(os.environ.get("ZSL_KILLS", "1"))
"""How often each command is killed before a rename, and how often after some time."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
def test_the_same_command_mends_what_a_kill_left(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    trained.save(tmp_path / "head.safetensors")
    (tmp_path / "work").mkdir()
    command = [sys.executable, crashing.__file__, tmp_path / "head.safetensors", tmp_path / "work"]
    result = subprocess.run(
        [*map(str, command), str(KILLS), "0"], capture_output=True, text=True, check=True
    )
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [one["command"] for one in found] == list(crashing.COMMANDS)
    assert [fault for one in found for fault in one["faults"]] == []
    assert sum(one["kills"] for one in found) >= len(found)
    print(sum(one["kills"] for one in found), "kills")  # shown with -s


LIMITED = """
import resource, sys
from pathlib import Path
from crashing import COMMANDS, small_classifier
classifier = small_classifier(Path(sys.argv[1]))
size = int(sys.argv[3])
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    COMMANDS[sys.argv[2]](classifier)
except OSError as error:
    print(type(error).__name__, error.__cause__ and type(error.__cause__).__name__, error)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no limits on files")
@pytest.mark.parametrize(
    ("command", "size"),
    [
        ("label, into CSV", 1000),
        ("label, into CSV", 4000),
        ("label, into Parquet", 7000),
        ("export", 9000),
        ("manifest", 500),
        ("save a head", 2000),
        ("save for a hub", 2000),
        ("write a table", 50),
    ],
)
def test_a_full_disk_is_an_error_of_ours_and_the_next_run_ends_the_work(
    command: str, size: int, trained: ZeroShotClassifier, tmp_path: Path
) -> None:
    trained.save(tmp_path / "head.safetensors")
    full, whole = crashing.prepared(tmp_path / "full"), crashing.prepared(tmp_path / "whole")
    helpers = str(Path(crashing.__file__).parent)
    code = [sys.executable, "-c", LIMITED, str(tmp_path / "head.safetensors"), command, str(size)]
    environment = {**os.environ, "PYTHONPATH": helpers, "ZSL_CACHE": str(tmp_path / "cache")}
    result = subprocess.run(code, cwd=full, env=environment, capture_output=True, text=True)
    assert result.stdout.startswith("OutputError "), result.stdout + result.stderr
    assert not [path.name for path in full.rglob("*.part")]
    classifier = crashing.small_classifier(tmp_path / "head.safetensors")
    for folder in (full, whole):
        assert crashing.run_in_fork(crashing.COMMANDS[command], classifier, folder, None) == 0
    assert crashing.content(full) == crashing.content(whole)


def test_photos_that_vanish_on_the_way_are_rows_and_nothing_more(
    trained: ZeroShotClassifier, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for seed in range(12):
        draw("red", seed).save(photos / f"{seed:02}.png")

    def lose(progress: object) -> None:
        (photos / "11.png").unlink(missing_ok=True)

    label(trained, [photos], tmp_path / "l.csv", batch_size=2, part_rows=4, on_progress=lose)
    rows = [row for table in read_labels(tmp_path / "l.csv") for row in table.to_pylist()]
    assert [row["error"] is None for row in rows] == [True] * 11 + [False]
    for photo in photos.iterdir():
        photo.unlink()
    assert sort_photos(tmp_path / "l.csv", tmp_path / "sorted", "copy").gone == 11
    assert sorted(path.name for path in tmp_path.iterdir() if "copies" not in path.name) == [
        *("l.csv", "photos", "sorted")
    ]


def test_a_folder_that_is_read_only_is_told_before_the_work(
    trained: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw("red", 0).save(tmp_path / "a.png")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    for work in (
        lambda: label(trained, [tmp_path / "a.png"], tmp_path / "l.csv"),
        lambda: write_manifest([tmp_path], tmp_path / "m.parquet"),
    ):
        with pytest.raises(OutputError, match="Read-only file system"):
            work()
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]
