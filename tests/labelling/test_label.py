from __future__ import annotations

import errno
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawing import COLOURS, draw
from opening import noting_photos
from PIL import Image

from zsl_images.classes.taxonomy import Taxonomy
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError, ImageError, OutputError
from zsl_images.features.extraction import stream_features
from zsl_images.features.photo_paths import find_images
from zsl_images.labelling import runs as parts_module
from zsl_images.labelling.label import label, relabel
from zsl_images.labelling.label_files import SCHEMA, read_labels
from zsl_images.labelling.runs import Progress
from zsl_images.results import Failure


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Forty photos in two folders, two of them broken."""
    folder = tmp_path / "photos"
    for part in ("a", "b"):
        (folder / part).mkdir(parents=True)
    for seed in range(40):
        path = folder / "ab"[seed % 2] / f"{seed:02}.png"
        draw(list(COLOURS)[seed % len(COLOURS)], seed).save(path)
    (folder / "a" / "10.png").write_text("broken")
    (folder / "b" / "11.png").write_bytes(b"")
    return folder


def rows_of(path: Path) -> list[dict[str, Any]]:
    return pa.concat_tables(read_labels(path)).to_pylist()


TOLERANCE = 1e-3
"""How far probabilities and scores of one photo may differ between two runs, as README promises."""


def assert_alike(rows: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Rows of two runs agree: all is equal but the last digits of numbers, which differ by batch."""
    assert len(rows) == len(expected)
    for row, other in zip(rows, expected, strict=True):
        row, other = dict(row), dict(other)
        tops = []
        for one in (row, other):
            labels, values = one.pop("top_labels"), one.pop("top_probabilities")
            tops.append(dict(zip(labels or (), values or (), strict=True)))
        for name in tops[0].keys() | tops[1].keys():  # a label missing on one side is below the last
            values = [top.get(name, min(top.values(), default=0)) for top in tops]
            assert values[0] == pytest.approx(values[1], abs=TOLERANCE), name
        for name in ("probability", "unknown_score", "answer_probability"):
            assert row.pop(name) == pytest.approx(other.pop(name), abs=TOLERANCE)
        assert row == other


def noting_classifier(classifier: ZeroShotClassifier) -> tuple[ZeroShotClassifier, list[str]]:
    """The same classifier, and the list to which it adds the path of each photo that it opens."""
    backbone, opened = noting_photos(classifier.backbone)
    return replace(classifier, backbone=backbone), opened


def test_every_photo_has_a_row_and_it_is_what_the_classifier_says(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "labels.parquet"
    seen = []
    paths = list(find_images([photos]))
    done = label(trained, paths, out, part_rows=16, batch_size=4, top_k=3, on_progress=seen.append)
    assert (done.done, done.kept, done.failures, done.is_complete) == (40, 0, 2, True)
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert seen[-1].done == 40
    assert pq.read_schema(out).equals(SCHEMA)
    rows = rows_of(out)
    assert [row["path"] for row in rows] == [str(path) for path in paths]
    for row, expected in zip(rows, trained.stream(paths, 3, batch_size=4), strict=True):
        if isinstance(expected, Failure):
            assert row["error"] == expected.reason
            assert row["label"] is row["top_labels"] is None
        else:
            assert row["error"] is None
            assert (row["label"], row["is_seen"]) == (expected.label, expected.is_seen)
            assert row["top_labels"] == [candidate.label for candidate in expected.top]
            assert row["probability"] == pytest.approx(expected.probability, abs=1e-5)
            assert row["unknown_score"] == pytest.approx(expected.unknown_score, abs=1e-5)
            assert (row["size"], row["mtime"]) == (
                Path(row["path"]).stat().st_size,
                Path(row["path"]).stat().st_mtime_ns,
            )
    assert {(row["head"], row["backbone"]) for row in rows} == {
        (trained.fingerprint(3), f"small@{trained.backbone.fingerprint[:16]}")
    }
    assert list(tmp_path.glob("labels.parquet.parts")) == []


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


def test_kept_features_spare_the_photos(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out, kept = tmp_path / "labels.parquet", tmp_path / "features.parquet"
    label(trained, find_images([photos]), out, features=kept, part_rows=16)
    other = trained.with_seen_penalty(50.0).with_min_confidence(0.9)
    fresh = tmp_path / "fresh.parquet"
    label(other, find_images([photos]), fresh, part_rows=16)
    other, opened = noting_classifier(other)
    label(other, find_images([photos]), out, features=kept, part_rows=16)
    assert {Path(path).name for path in opened} == {"10.png", "11.png"}
    assert_alike(rows_of(out), rows_of(fresh))
    assert {row["label"] for row in rows_of(out)} >= {None, "orange"}
    again = tmp_path / "again.csv"
    done = relabel(other, kept, again)
    assert (done.done, done.unlabelled) == (38, sum(r["label"] is None for r in rows_of(again)))
    by_path = {row["path"]: row for row in rows_of(again)}
    readable = [row for row in rows_of(fresh) if row["error"] is None]
    assert_alike([by_path[row["path"]] for row in readable], readable)


def test_relabelling_needs_features_of_the_heads_backbone(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="no features in"):
        relabel(trained, tmp_path / "none.parquet", tmp_path / "labels.csv")
    label(trained, [photos / "a" / "00.png"], tmp_path / "l.csv", features=tmp_path / "f.parquet")
    table = pq.read_table(tmp_path / "f.parquet").replace_schema_metadata({"backbone": "other"})
    pq.write_table(table, tmp_path / "f.parquet")
    with pytest.raises(DataError, match="another backbone"):
        relabel(trained, tmp_path / "f.parquet", tmp_path / "labels.csv")


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


def test_a_full_disk_is_said_and_earlier_parts_stay(
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
        patched.setattr(parts_module.pq, "write_table", write_two)
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


def test_no_photos_leave_all_rows_as_they_are(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "labels.parquet"
    label(trained, find_images([photos]), out)
    with pytest.raises(DataError, match="no photos to label"):
        label(trained, [], out, prune=True)
    assert len(rows_of(out)) == 40


def test_a_file_of_another_kind_is_not_written_over(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine.csv"
    out.write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="is no label file"):
        label(trained, find_images([photos]), out)
    assert out.read_text() == "a,b\n1,2\n"


def test_names_that_are_no_text_have_a_row(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    odd = os.fsencode(photos) + b"/\xff\r\n.png"
    shutil.copy(photos / "a" / "00.png", odd)
    out = tmp_path / "labels.csv"
    paths = [os.fsdecode(odd), os.fsdecode(odd + b"none"), "x" * 300, "a\0b"]
    label(trained, paths, out, features=tmp_path / "f.parquet")
    assert rows_of(out)[0]["path"].endswith("\\xff\r\n.png")
    assert [row["error"] is None for row in rows_of(out)] == [True, False, False, False]
    assert label(trained, paths, out).kept == 1


def test_a_taxonomy_gives_the_finest_group_that_is_sure_enough(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    lineages = {name: (name, "warm" if name in ("red", "orange") else "other") for name in COLOURS}
    classifier = trained.with_taxonomy(Taxonomy(("colour", "kind"), lineages)).with_min_confidence(0.9)
    paths, out = list(find_images([photos])), tmp_path / "labels.csv"
    assert classifier.fingerprint() != trained.with_min_confidence(0.9).fingerprint()
    label(classifier, paths, out)
    found = [(row["answer"], row["answer_level"]) for row in rows_of(out)]
    answers = [None if isinstance(r, Failure) else r.answer for r in classifier.stream(paths)]
    assert found == [(a and a.label, a and a.level) for a in answers]
    assert {level for _, level in found} == {"colour", "kind", None}


def test_kept_parts_are_written_and_told_of_while_a_photo_is_waited_for(
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


def test_ctrl_c_is_heard_where_all_is_kept(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "labels.parquet"
    good = [path for path in find_images([photos]) if path.stem not in ("10", "11")]
    label(trained, good, out, part_rows=2)
    assert not label(trained, good, out, part_rows=2, should_stop=lambda: True).is_complete


def test_a_run_that_kept_features_is_gone_on_with_them(
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


def test_thin_strips_are_refused_before_they_fill_the_memory(
    trained: ZeroShotClassifier, tmp_path: Path
) -> None:
    Image.new("L", (1, 60_000)).save(tmp_path / "strip.png")
    backbone = replace(trained.backbone, preprocessing={"input_size": [3, 224, 224]})
    (_, (result,)) = next(stream_features([tmp_path / "strip.png"], backbone))
    assert "too thin a strip" in str(result)
