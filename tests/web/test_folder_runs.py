"""A folder is labelled in the background; it can be stopped and continued."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from drawing import draw
from label_files import rows_of

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError
from zsl_images.web import folder_runs
from zsl_images.web.folder_runs import FolderRuns
from zsl_images.web.gallery import LABELS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for seed in range(3):
        draw("red", seed).save(tmp_path / f"{seed}.png")
    return tmp_path


def finished(runs: FolderRuns) -> None:
    assert runs._thread is not None
    runs._thread.join()


def test_progress_ends_with_all_photos(trained: ZeroShotClassifier, folder: Path) -> None:
    (folder / "broken.png").write_text("broken")
    runs = FolderRuns(trained)
    assert not runs.run.is_running
    runs.start(folder, "photos")
    finished(runs)
    run = runs.run
    assert (run.path, run.done, run.total, run.failures, run.error) == ("photos", 4, 4, 1, None)
    assert not run.is_running
    assert len(rows_of(folder / LABELS)) == 4


def test_one_folder_at_a_time_and_stop(
    trained: ZeroShotClassifier, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_going, asked = threading.Event(), []

    def endless(*_: object, should_stop, **__: object) -> None:
        is_going.set()
        while not should_stop():
            asked.append(1)

    monkeypatch.setattr(folder_runs, "label", endless)
    runs = FolderRuns(trained)
    runs.start(folder, "a")
    is_going.wait()
    with pytest.raises(DataError, match="being labelled"):
        runs.start(folder, "b")
    runs.stop()
    assert asked
    assert not runs.run.is_running


def test_an_error_is_told(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    runs = FolderRuns(trained)
    runs.start(tmp_path, "empty")
    finished(runs)
    assert runs.run.error
    assert not runs.run.is_running
