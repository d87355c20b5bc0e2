from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zsl_images.errors import DataError
from zsl_images.features.photo_rows import PhotoRows, write_parquet
from zsl_images.features.stamps import Stamp


def write(path: Path, photos: list[tuple[str, int, int, str]]) -> Path:
    names = ("path", "size", "mtime", "value")
    columns = dict(zip(names, zip(*photos, strict=True), strict=True))
    pq.write_table(pa.table(columns), path, row_group_size=2)
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    old = [(f"{letter}.jpg", 1, 1, f"old {letter}") for letter in "abcde"]
    new = [("c.jpg", 1, 1, "new c"), ("d.jpg", 2, 5, "new d")]
    return [write(tmp_path / "old.parquet", old), write(tmp_path / "new.parquet", new)]


def values(table: pa.Table | None) -> list[str]:
    return table["value"].to_pylist() if table else []


def test_the_latest_row_of_a_photo_as_it_is_is_found(files: list[Path]) -> None:
    rows = PhotoRows(files)
    places = [rows.find(Stamp(*stamp)) for stamp in [("e.jpg", 1, 1), ("c.jpg", 1, 1), ("d.jpg", 1, 1)]]
    assert values(rows.take(places)) == ["old e", "new c", "old d"]
    assert rows.find(Stamp("d.jpg", 3, 1)) is None
    assert rows.find(Stamp("none.jpg", 1, 1)) is None
    assert rows.take([]) is None


def test_only_good_rows_are_found(files: list[Path]) -> None:
    rows = PhotoRows(files, is_good=lambda batch, path: np.array([path == files[0]] * len(batch)))
    assert values(rows.take([rows.find(Stamp("c.jpg", 1, 1))])) == ["old c"]
    assert rows.find(Stamp("d.jpg", 2, 5)) is None


def test_the_latest_rows_of_all_paths_and_of_those_asked_for(files: list[Path]) -> None:
    rows = PhotoRows(files, columns=["value"])
    rows.find(Stamp("a.jpg", 9, 9))
    rows.find(Stamp("d.jpg", 1, 1))
    everything = [value for table in rows.latest(size=2) for value in values(table)]
    assert everything == ["old a", "old b", "old e", "new c", "new d"]
    assert [v for table in rows.latest(is_named=True) for v in values(table)] == ["old a", "new d"]
    assert len([v for table in rows.latest(is_named=False) for v in values(table)]) == 3
    assert len(PhotoRows([])) == 0
    assert list(PhotoRows([]).latest()) == []


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("text")
    with pytest.raises(DataError, match="cannot be read"):
        PhotoRows([tmp_path / "text.parquet"])
    pq.write_table(pa.table({"path": ["a"]}), tmp_path / "other.parquet")
    with pytest.raises(DataError, match="has no columns size, mtime"):
        PhotoRows([tmp_path / "other.parquet"])


def test_tables_are_written_in_order_in_row_groups_of_one_size(tmp_path: Path) -> None:
    tables = [pa.table({"x": list(range(start, start + 3))}) for start in (0, 3, 6)]
    write_parquet(tables, tables[0].schema, tmp_path / "x.parquet", rows=4)
    file = pq.ParquetFile(tmp_path / "x.parquet")
    assert file.read()["x"].to_pylist() == list(range(9))
    assert max(file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)) == 4


def test_a_photo_changed_if_its_latest_row_is_about_another_size_or_time(files: list[Path]) -> None:
    rows = PhotoRows(files)
    stamps = [("d.jpg", 2, 5), ("d.jpg", 2, 6), ("d.jpg", 1, 1), ("none.jpg", 1, 1), ("d.jpg", 0, 0)]
    assert [rows.is_changed(Stamp(*stamp)) for stamp in stamps] == [False, True, True, False, False]


def test_rows_without_a_path_or_of_another_kind_are_refused(tmp_path: Path) -> None:
    rows = {"path": ["a", None], "size": [1, 2], "mtime": [1, 2]}
    pq.write_table(pa.table(rows), tmp_path / "null.parquet")
    with pytest.raises(DataError, match=r"null.parquet is damaged \(the column path"):
        PhotoRows([tmp_path / "null.parquet"])
    pq.write_table(pa.table({**rows, "path": [1, 2]}), tmp_path / "number.parquet")
    with pytest.raises(DataError, match="the column path holds int64"):
        PhotoRows([tmp_path / "number.parquet"])


def test_bytes_that_are_no_text_are_noticed(tmp_path: Path) -> None:
    rows = pa.table({"path": ["abcdefgh" * 4], "size": [1], "mtime": [1]})
    pq.write_table(rows, tmp_path / "a.parquet", compression="none", use_dictionary=False)
    data = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet").write_bytes(data.replace(b"abcdefgh" * 4, b"abcdefg\xff" * 4))
    with pytest.raises(DataError, match=r"a.parquet is damaged"):
        PhotoRows([tmp_path / "a.parquet"])
