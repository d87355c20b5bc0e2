"""Labelling photos in archives: resumed, shared out and retried as files are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from archives import png, write_images, write_shard
from commands import run
from drawing import draw
from label_files import assert_alike, noting_classifier, rows_of

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.features.manifests import write_manifest
from zsl_images.labelling.label import label
from zsl_images.labelling.merge import merge

COUNT = 12


@pytest.fixture
def archives(tmp_path: Path) -> list[Path]:
    """A tar file and a Parquet file of the same photos, each with a broken one."""
    pictures = [png("red", seed) for seed in range(COUNT)]
    pictures[5] = b"broken"
    return [write_shard(tmp_path / "a.tar", pictures), write_images(tmp_path / "b.parquet", pictures)]


def test_rows_are_those_of_the_same_photos_as_files(
    trained: ZeroShotClassifier, archives: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "files").mkdir()
    for seed in range(COUNT):
        draw("red", seed).save(tmp_path / "files" / f"{seed:06}.png")
    (tmp_path / "files" / "000005.png").write_bytes(b"broken")
    label(trained, tmp_path / "files", tmp_path / "files.parquet")
    expected = rows_of(tmp_path / "files.parquet")
    for archive in archives:
        result = label(trained, archive, tmp_path / "labels.parquet", prune=True)
        assert (result.done, result.failures) == (COUNT, 1)
        rows = rows_of(tmp_path / "labels.parquet")
        status = archive.stat()
        assert {(row["size"], row["mtime"]) for row in rows} == {(status.st_size, status.st_mtime_ns)}
        assert [Path(row["path"]).parent for row in rows] == [archive] * COUNT
        assert rows[5]["error"].startswith(f"{rows[5]['path']}: not an image")
        for row, other in zip(rows, expected, strict=True):
            row |= {name: other[name] for name in ("path", "size", "mtime", "error")}
        assert_alike(rows, expected)


def test_photos_are_opened_once_until_their_archive_changes(
    trained: ZeroShotClassifier, archives: list[Path], tmp_path: Path
) -> None:
    classifier, opened = noting_classifier(trained)
    out = tmp_path / "labels.csv"
    stopped = label(
        classifier, archives, out, batch_size=4, part_rows=4, should_stop=lambda: len(opened) > 8
    )
    assert not stopped.is_complete
    assert label(classifier, archives, out, batch_size=4, part_rows=4).kept == stopped.done
    assert len(opened) == len(set(opened)) == 2 * COUNT
    opened.clear()
    assert label(classifier, archives, out).kept == 2 * COUNT - 2
    assert sorted(Path(path).name for path in opened) == ["000005.png", "5"]  # tried again
    os.utime(archives[0], (1, 1))
    opened.clear()
    assert label(classifier, archives, out).changed == COUNT
    assert {Path(path).parent for path in opened} == {archives[0], archives[1]}
    archives[0].unlink()
    assert label(classifier, [archives[1]], out).kept == COUNT - 1


def test_shards_of_archives_make_up_the_whole(
    trained: ZeroShotClassifier, archives: list[Path], tmp_path: Path
) -> None:
    manifest, whole = tmp_path / "m.parquet", tmp_path / "whole.parquet"
    write_manifest(archives, manifest)
    parts = [tmp_path / f"{number}.parquet" for number in (1, 2, 3)]
    for number, part in enumerate(parts, 1):
        label(trained, manifest, part, shard=f"{number}/3")
    merge(parts, tmp_path / "merged.parquet")
    label(trained, archives, whole)
    merged = sorted(rows_of(tmp_path / "merged.parquet"), key=lambda row: row["path"])
    assert_alike(merged, sorted(rows_of(whole), key=lambda row: row["path"]))


def test_classify_prints_photos_in_archives(archives: list[Path]) -> None:
    result = run("classify", archives[0], archives[1] / "3", "--format", "csv")
    assert result.exit_code == 3
    assert len(result.stdout.splitlines()) == 1 + COUNT + 1
    assert f"{archives[1] / '3'}," in result.stdout
