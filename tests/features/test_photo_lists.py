"""Lists of photos, as other programs write them."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zsl_images.errors import DataError, ImageError
from zsl_images.features.photo_lists import listed_paths
from zsl_images.features.photos import read_image


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_lines_are_paths_in_any_usual_encoding(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "list.txt").write_text("a ü.jpg\n\n  \nb.jpg", encoding)
    assert list(listed_paths(tmp_path / "list.txt")) == [Path("a ü.jpg"), Path("b.jpg")]


def test_names_that_are_not_utf8_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"caf\xe9.jpg\r\n")
    assert list(listed_paths(tmp_path / "list.txt")) == [Path(os.fsdecode(b"caf\xe9.jpg"))]


def test_a_row_without_a_path_is_a_photo_that_cannot_be_read(tmp_path: Path) -> None:
    manifest = tmp_path / "list.parquet"
    pq.write_table(pa.table({"path": ["a.jpg", None, "", " "]}), manifest)
    first, *others = listed_paths(manifest)
    assert first == Path("a.jpg")
    for number, path in enumerate(others, 2):
        with pytest.raises(ImageError, match=f"row {number} has no path"):
            read_image(path)


def test_what_holds_no_paths_is_refused(tmp_path: Path) -> None:
    pq.write_table(pa.table({"path": [1.5]}), tmp_path / "numbers.parquet")
    pq.write_table(pa.table({"file": ["a"]}), tmp_path / "other.parquet")
    (tmp_path / "text.parquet").write_text("a.jpg")
    for name in ("numbers", "other", "text"):
        with pytest.raises(DataError, match=f"cannot read the manifest .*{name}"):
            list(listed_paths(tmp_path / f"{name}.parquet"))


def test_a_list_with_bytes_that_parquet_cannot_mean_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise pa.ArrowNotImplementedError("Integers with more than 64 bits not implemented")

    (tmp_path / "list.parquet").write_text("PAR1")
    monkeypatch.setattr(pq, "ParquetFile", fail)
    with pytest.raises(DataError, match=r"list.parquet \(Integers"):
        list(listed_paths(tmp_path / "list.parquet"))
