from __future__ import annotations

import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archives import write_images

from zsl_images.features import parquet_photos
from zsl_images.features.parquet_photos import ParquetPhotos, image_column

PICTURES = [f"picture {row}".encode() for row in range(100)]


def opened(path: Path) -> ParquetPhotos:
    return ParquetPhotos(lambda: path.open("rb"))


@pytest.mark.parametrize("rows", [1, 7, 30, 1000])
def test_rows_are_read_in_any_order(tmp_path: Path, rows: int) -> None:
    photos = opened(write_images(tmp_path / "a.parquet", PICTURES, rows))
    assert [*photos.names()] == [*map(str, range(100))]
    assert [photos.read(name) for name in photos.names()] == PICTURES
    order = [*range(100)]
    random.Random(0).shuffle(order)
    assert [photos.read(str(row)) for row in order] == [PICTURES[row] for row in order]


def test_rows_in_order_are_taken_from_the_file_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = opened(write_images(tmp_path / "a.parquet", PICTURES, 30))
    taken: list[int] = []
    go_to = ParquetPhotos._go_to
    monkeypatch.setattr(
        ParquetPhotos, "_go_to", lambda self, group: (taken.append(group), go_to(self, group))[1]
    )
    for row in (*range(0, 50, 2), *range(1, 50, 2)):
        photos.read(str(row))
    assert taken == [0]
    photos.read("95")
    assert taken == [0, 3]
    assert len(photos._recent) <= parquet_photos._KEPT


def test_rows_without_an_image_and_rows_that_are_not_there(tmp_path: Path) -> None:
    photos = opened(write_images(tmp_path / "a.parquet", [b"0", None, b"2"]))
    with pytest.raises(ValueError, match="the row has no image"):
        photos.read("1")
    for name in ("3", "-1", "x", ""):
        with pytest.raises(KeyError):
            photos.read(name)
    assert photos.read("2") == b"2"


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"path": ["a"]}, None),
        ({"path": ["a"], "content": [b"a"]}, "content"),
        ({"content": [b"a"], "image": [b"a"]}, "image"),
        ({"image": ["a.jpg"]}, None),
        ({"image": [{"path": "a.jpg"}]}, None),
        ({"image": [{"path": None, "bytes": b"a"}]}, "image"),
        ({"jpg": pa.array([b"a"], pa.large_binary())}, "jpg"),
    ],
)
def test_the_column_of_images(tmp_path: Path, columns: dict[str, object], found: str | None) -> None:
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert image_column(tmp_path / "a.parquet") == found
    if found:
        assert opened(tmp_path / "a.parquet").read("0") == b"a"
    else:
        with pytest.raises(ValueError, match="no column of images"):
            opened(tmp_path / "a.parquet")


def test_a_damaged_file_is_no_end_of_the_others(tmp_path: Path) -> None:
    path = write_images(tmp_path / "a.parquet", [bytes([row]) * 5000 for row in range(4)], rows=2)
    data = bytearray(path.read_bytes())
    at = data.index(b"\0" * 5000 if b"\0" * 5000 in data else b"PAR1")
    data[at : at + 40] = b"?" * 40
    path.write_bytes(data)
    photos = opened(path)
    for _ in range(2):
        with pytest.raises((OSError, ValueError)):
            photos.read("0")
    assert photos.read("3") == b"\3" * 5000
    assert image_column(tmp_path / "none.parquet") is None
