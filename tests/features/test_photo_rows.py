from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zsl_images.errors import DataError
from zsl_images.features.photo_rows import KeptRows, Stamp


def write(path: Path, rows: list[tuple[str, int, int, str]]) -> Path:
    names = ("path", "size", "mtime", "value")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
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
    kept = KeptRows(files)
    places = [kept.find(Stamp(*stamp)) for stamp in [("e.jpg", 1, 1), ("c.jpg", 1, 1), ("d.jpg", 1, 1)]]
    assert values(kept.take(places)) == ["old e", "new c", "old d"]
    assert kept.find(Stamp("d.jpg", 3, 1)) is None
    assert kept.find(Stamp("none.jpg", 1, 1)) is None
    assert kept.take([]) is None


def test_only_good_rows_are_found(files: list[Path]) -> None:
    kept = KeptRows(files, is_good=lambda rows, path: np.array([path == files[0]] * len(rows)))
    assert values(kept.take([kept.find(Stamp("c.jpg", 1, 1))])) == ["old c"]
    assert kept.find(Stamp("d.jpg", 2, 5)) is None


def test_the_latest_rows_of_all_paths_and_of_those_asked_for(files: list[Path]) -> None:
    kept = KeptRows(files, columns=["value"])
    kept.find(Stamp("a.jpg", 9, 9))
    kept.find(Stamp("d.jpg", 1, 1))
    everything = [value for table in kept.latest(size=2) for value in values(table)]
    assert everything == ["old a", "old b", "old e", "new c", "new d"]
    assert [v for table in kept.latest(is_named=True) for v in values(table)] == ["old a", "new d"]
    assert len([v for table in kept.latest(is_named=False) for v in values(table)]) == 3
    assert len(KeptRows([])) == 0
    assert list(KeptRows([]).latest()) == []


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("text")
    with pytest.raises(DataError, match="cannot be read"):
        KeptRows([tmp_path / "text.parquet"])
    pq.write_table(pa.table({"path": ["a"]}), tmp_path / "other.parquet")
    with pytest.raises(DataError, match="lacks the columns size, mtime"):
        KeptRows([tmp_path / "other.parquet"])
