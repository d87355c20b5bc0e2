from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from label_files import assert_alike, rows_of

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError
from zsl_images.labelling.label import label
from zsl_images.labelling.merge import merge


def in_order(path: Path) -> list[dict[str, Any]]:
    return sorted(rows_of(path), key=lambda row: row["path"])


@pytest.fixture
def shards(trained: ZeroShotClassifier, photos: Path, tmp_path: Path) -> list[Path]:
    """The photos labelled in three shards, each in a form of its own."""
    outs = [tmp_path / f"{number}{ending}" for number, ending in enumerate(ENDINGS, 1)]
    for number, out in enumerate(outs, 1):
        label(trained, photos, out, shard=f"{number}/3", batch_size=8)
    return outs


ENDINGS = (".parquet", ".csv", ".jsonl")


@pytest.mark.parametrize("ending", ENDINGS)
def test_merged_shards_equal_the_labels_of_one_run(
    trained: ZeroShotClassifier, photos: Path, shards: list[Path], tmp_path: Path, ending: str
) -> None:
    one, merged = tmp_path / f"one{ending}", tmp_path / f"merged{ending}"
    whole = label(trained, photos, one)
    result = merge(shards, merged)
    assert [len(rows_of(shard)) for shard in shards] != [0, 0, 40]
    assert_alike(in_order(merged), in_order(one))
    assert (result.done, result.failures) == (whole.done, whole.failures) == (40, 2)
    assert sorted(result.summary.lines()) == sorted(whole.summary.lines())


def test_a_shard_continues_and_keeps_its_photos_when_others_come(
    trained: ZeroShotClassifier, photos: Path, shards: list[Path]
) -> None:
    (photos / "a" / "new.png").write_bytes((photos / "a" / "00.png").read_bytes())
    results = [label(trained, photos, out, shard=f"{n}/3") for n, out in enumerate(shards, 1)]
    assert sum(result.done for result in results) == 41
    assert sum(result.kept for result in results) == 38  # all but the new one, and two are broken


def test_a_shard_without_photos_is_an_empty_label_file(
    trained: ZeroShotClassifier, photos: Path, tmp_path: Path
) -> None:
    photo = photos / "a" / "00.png"
    outs = [tmp_path / f"{number}.csv" for number in range(1, 4)]
    done = [label(trained, photo, out, shard=f"{n}/3").done for n, out in enumerate(outs, 1)]
    assert sorted(done) == [0, 0, 1]
    assert merge(outs, tmp_path / "all.csv").done == 1


def test_folders_of_parquet_files_are_parts(shards: list[Path], tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    shards[0].rename(tmp_path / "folder" / "part.parquet")
    assert merge([tmp_path / "folder", *shards[1:]], tmp_path / "all.csv").done == 40
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no Parquet files"):
        merge([tmp_path / "empty"], tmp_path / "all.csv")


def test_parts_that_do_not_fit_are_refused(
    trained: ZeroShotClassifier, photos: Path, shards: list[Path], tmp_path: Path
) -> None:
    out, other = tmp_path / "all.parquet", tmp_path / "other.parquet"
    with pytest.raises(DataError, match=r"has two rows, in .*2\.csv; merge"):
        merge([*shards, shards[1]], out)
    label(trained.with_seen_penalty(9.0), photos, other, shard="3/3")
    with pytest.raises(DataError, match=r"1\.parquet was labelled by head .* but .*other\.parquet by"):
        merge([*shards[:2], other], out)
    with pytest.raises(DataError, match="no such label file; has its shard been labelled"):
        merge([tmp_path / "4.csv"], out)
    with pytest.raises(DataError, match="no label files"):
        merge([], out)
    (tmp_path / "1.parquet.parts").mkdir()
    with pytest.raises(DataError, match="unfinished"):
        merge(shards, out)
    assert not out.exists()


def test_added_columns_are_kept_in_files_of_one_form(shards: list[Path], tmp_path: Path) -> None:
    rows = pq.read_table(shards[0])
    pq.write_table(rows.append_column("note", [["mine"] * len(rows)]), shards[0])
    with pytest.raises(DataError, match="columns of yours"):
        merge(shards, tmp_path / "all.parquet")
    second = tmp_path / "2.parquet"
    merge([shards[1]], second)
    merge([shards[0], second], tmp_path / "all.parquet")
    notes = pq.read_table(tmp_path / "all.parquet")["note"].to_pylist()
    assert (notes.count("mine"), notes.count(None)) == (len(rows), len(rows_of(second)))


def test_a_csv_for_excel_begins_with_a_mark(shards: list[Path], tmp_path: Path) -> None:
    merge(shards, tmp_path / "all.csv", is_for_excel=True)
    assert (tmp_path / "all.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with (tmp_path / "all.csv").open(encoding="utf-8-sig", newline="") as lines:
        assert len([*csv.DictReader(lines)]) == 40
