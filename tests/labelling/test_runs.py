from __future__ import annotations

from pathlib import Path

import pytest
from drawing import draw
from label_files import assert_alike, noting_classifier, rows_of

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ImageError
from zsl_images.features.photo_paths import find_images
from zsl_images.labelling.label import label


@pytest.mark.parametrize("name", ["labels.parquet", "labels.csv", "labels.jsonl"])
@pytest.mark.parametrize("stop_after", [0, 5, 16, 33])
def test_a_stopped_run_goes_on_and_ends_like_one_that_was_not(
    trained: ZeroShotClassifier,
    photos: Path,
    tmp_path: Path,
    name: str,
    stop_after: int,
) -> None:
    whole, out = tmp_path / f"whole-{name}", tmp_path / name
    label(trained, find_images([photos]), whole, part_rows=16, batch_size=4)
    asked = iter(range(100))
    stopped = label(
        trained,
        find_images([photos]),
        out,
        part_rows=16,
        batch_size=4,
        should_stop=lambda: next(asked) >= stop_after,
    )
    assert (stopped.done, stopped.is_complete, out.exists()) == (stop_after, False, False)
    trained, opened = noting_classifier(trained)
    done = label(trained, find_images([photos]), out, part_rows=16, batch_size=4)
    assert (done.done, done.kept, len(opened)) == (40, stop_after, 40 - stop_after)
    assert_alike(rows_of(out), rows_of(whole))
    del opened[:]
    again = label(trained, find_images([photos]), out, part_rows=16, batch_size=4)
    assert (again.kept, len(opened)) == (38, 2)  # what could not be read is tried again
    assert_alike(rows_of(out), rows_of(whole))


@pytest.mark.parametrize("batch_size", [1, 3, 40])
def test_a_label_does_not_depend_on_the_photos_beside_it(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path, batch_size: int
) -> None:
    paths = list(find_images([photos]))
    for name, given in (("one", paths), ("other", paths[::-1])):
        label(
            trained,
            given,
            tmp_path / f"{name}.parquet",
            batch_size=batch_size if name == "other" else 8,
            part_rows=16 if name == "other" else 512,
        )
    assert_alike(rows_of(tmp_path / "other.parquet")[::-1], rows_of(tmp_path / "one.parquet"))


def test_strict_stops_at_a_broken_photo_and_keeps_what_is_done(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "labels.parquet"
    with pytest.raises(ImageError, match=r"10\.png"):
        label(trained, find_images([photos]), out, batch_size=2, is_strict=True)
    assert not out.exists()
    with pytest.raises(ImageError, match=r"10\.png"):
        label(trained, find_images([photos]), out, batch_size=2, is_strict=True)
    (photos / "a" / "10.png").unlink()
    (photos / "b" / "11.png").unlink()
    done = label(trained, find_images([photos]), out, is_strict=True, prune=True)
    assert done.kept >= 5
    assert done.done == 38


def test_kept_parts_are_written_and_reported_before_the_last_photo_is_ready(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out, paths = tmp_path / "labels.parquet", list(find_images([photos]))
    label(trained, paths, out, part_rows=2)
    draw("red", 77).save(photos / "a" / "00.png")
    parts, seen = tmp_path / "labels.parquet.parts", []
    label(
        trained,
        paths,
        out,
        part_rows=2,
        on_progress=lambda progress: seen.append(len(list(parts.glob("*.labels.parquet")))),
    )
    assert seen[0] <= 1
    assert seen[-2] >= 15  # of 20, before the one new photo was
    assert [row["path"] for row in rows_of(out)] == list(map(str, paths))


def test_a_run_can_be_stopped_even_if_it_keeps_every_row(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "labels.parquet"
    good = [path for path in find_images([photos]) if path.stem not in ("10", "11")]
    label(trained, good, out, part_rows=2)
    assert not label(trained, good, out, part_rows=2, should_stop=lambda: True).is_complete
