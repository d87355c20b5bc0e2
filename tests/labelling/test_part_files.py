from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from drawing import draw
from label_files import noting_classifier, rows_of

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError, OutputError
from zsl_images.features.photo_paths import find_images
from zsl_images.labelling.label import label
from zsl_images.labelling.runs import Progress


def test_what_changed_is_redone_and_what_vanished_is_dropped_when_asked(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out, kept = tmp_path / "labels.parquet", tmp_path / "features.parquet"
    label(trained, find_images([photos]), out, features=kept, part_rows=16)
    draw("blue", 1, (60, 60)).save(photos / "a" / "00.png")
    (photos / "a" / "02.png").unlink()
    draw("red", 1).save(photos / "a" / "99.png")
    trained, opened = noting_classifier(trained)
    label(trained, find_images([photos]), out, features=kept, part_rows=16)
    names = {Path(path).name for path in opened}
    assert names == {"00.png", "99.png", "10.png", "11.png"}
    rows = {Path(row["path"]).name: row for row in rows_of(out)}
    assert len(rows) == 41
    assert rows["00.png"]["label"] == "blue"
    assert rows["02.png"]["label"]
    label(trained, find_images([photos]), out, features=kept, prune=True)
    assert len(rows_of(out)) == 40
    assert "02.png" not in {Path(row["path"]).name for row in rows_of(out)}
    assert len(pq.read_table(kept)) == 38
    assert len(set(pq.read_table(kept)["path"].to_pylist())) == 38


def test_a_full_disk_is_reported_and_earlier_parts_stay(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "labels.parquet"
    write, written = pq.write_table, []

    def write_two(*arguments: Any, **options: Any) -> None:
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(arguments)
        write(*arguments, **options)

    with monkeypatch.context() as patched:
        patched.setattr(pq, "write_table", write_two)
        with pytest.raises(OutputError, match="No space left on device"):
            label(trained, find_images([photos]), out, part_rows=8, batch_size=4)
    assert len(list((tmp_path / "labels.parquet.parts").glob("*.labels.parquet"))) == 2
    (tmp_path / "labels.parquet.parts" / ".x.1.part").touch()  # as a run leaves that is killed
    (tmp_path / ".labels.parquet.1.part").touch()
    assert label(trained, find_images([photos]), out, part_rows=8, batch_size=4).kept == 16
    assert [path for path in tmp_path.iterdir() if path.suffix in (".part", ".parts")] == []


def test_two_runs_do_not_write_one_file(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out, asked = tmp_path / "labels.parquet", iter(range(100))
    refused: list[OutputError] = []

    def second_run(progress: Progress) -> None:
        if next(asked) == 3:
            with pytest.raises(OutputError, match="another run is writing") as caught:
                label(trained, find_images([photos]), out)
            refused.append(caught.value)

    done = label(trained, find_images([photos]), out, part_rows=8, batch_size=4, on_progress=second_run)
    assert refused  # and it took nothing from the run that works
    assert (done.done, done.is_complete) == (40, True)
    assert len(rows_of(out)) == 40
    assert {path.name for path in tmp_path.iterdir()} == {"labels.parquet", "photos"}


def test_a_run_that_kept_features_is_continued_with_them(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out, kept, asked = tmp_path / "labels.parquet", tmp_path / "f.parquet", iter(range(99))
    paths = list(find_images([photos]))
    label(trained, paths, out, features=kept, should_stop=lambda: next(asked) >= 20)
    with pytest.raises(DataError, match="give the same --features"):
        label(trained, paths, out)
    with pytest.raises(DataError, match="both labels and features"):
        label(trained, paths, kept, features=kept)
    assert label(trained, paths, out, features=kept).kept >= 18
