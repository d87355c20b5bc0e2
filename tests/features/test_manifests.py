from __future__ import annotations

import os
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from zsl_images.errors import DataError
from zsl_images.features.manifests import SCHEMA, write_manifest
from zsl_images.features.photo_paths import find_images


def test_a_manifest_lists_what_a_folder_holds(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    (photos / "deep").mkdir(parents=True)
    for name in ("b.jpg", "a.png", "deep/c.jpg", "note.txt", ".hidden.jpg"):
        (photos / name).write_text(name)
    out = tmp_path / "photos.parquet"
    assert write_manifest(photos, out) == 3
    table = pq.read_table(out)
    assert table.schema.equals(SCHEMA)
    assert table["path"].to_pylist() == [
        str(photos / name) for name in ("a.png", "b.jpg", "deep/c.jpg")
    ]
    status = (photos / "a.png").stat()
    assert (table["size"][0].as_py(), table["mtime"][0].as_py()) == (5, status.st_mtime_ns)
    assert list(find_images([out])) == list(find_images([photos]))


@pytest.mark.skipif(sys.platform != "linux", reason="names of other systems are text")
def test_names_that_are_not_utf8_are_found_again(tmp_path: Path) -> None:
    photo = tmp_path / "photos" / os.fsdecode(b"caf\xe9.jpg")
    photo.parent.mkdir()
    photo.write_text("x")
    write_manifest([photo.parent], tmp_path / "m.parquet")
    assert list(find_images([tmp_path / "m.parquet"])) == [photo]


def test_nothing_to_list_leaves_the_earlier_file(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    out = tmp_path / "m.parquet"
    out.write_text("earlier")
    with pytest.raises(DataError, match="no photos to list"):
        write_manifest(tmp_path / "photos", out)
    assert out.read_text() == "earlier"
    with pytest.raises(DataError, match=r"to end in \.parquet"):
        write_manifest(tmp_path / "photos", tmp_path / "m.csv")
