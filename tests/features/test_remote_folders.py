from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import fsspec
import pyarrow.parquet as pq
import pytest
from archives import png, write_images, write_shard
from fsspec.implementations.memory import MemoryFileSystem

from zsl_images.errors import DataError
from zsl_images.features.manifests import write_manifest
from zsl_images.features.remote_folders import stamps_at
from zsl_images.features.remote_photos import stamp_anywhere
from zsl_images.features.skipped_files import LeftOut


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[str]:
    """A bucket with two folders of photos, a hidden one, and archives."""
    memory = fsspec.filesystem("memory")
    for name in ("b/2.JPG", "b/10.jpg", "a/1.png", "b/note.md", "b/clip.mp4", ".x/3.jpg", "b/._2.jpg"):
        memory.pipe(f"/lists/{name}", name.encode())
    shard = write_shard(tmp_path / "s.tar", [png("red", 0), png("red", 1)])
    table = write_images(tmp_path / "t.parquet", [png("blue", 0)])
    for archive in (shard, table):
        memory.pipe(f"/lists/shards/{archive.name}", archive.read_bytes())
    memory.pipe("/lists/shards/u.tar", b"nothing")
    yield "memory:///lists"
    memory.rm("/lists", recursive=True)


def test_folders_at_addresses_are_searched(bucket: str) -> None:
    left_out = LeftOut()
    stamps = [*stamps_at(bucket, left_out)]
    assert [stamp.path for stamp in stamps] == [
        f"memory:///lists/{name}" for name in ("a/1.png", "b/10.jpg", "b/2.JPG")
    ]
    assert stamps == [stamp_anywhere(stamp.path) for stamp in stamps]
    assert dict(left_out.files) == {".mp4": 1, ".tar": 2}
    assert [*stamps_at(f"{bucket}/b/2.JPG")] == stamps[2:]
    assert [*stamps_at(f"{bucket}/b/*.jpg")] == stamps[1:2]


def test_archives_at_addresses_are_opened_if_they_are_named(bucket: str) -> None:
    left_out = LeftOut()
    found = [stamp.path for stamp in stamps_at(f"{bucket}/shards/*.*", left_out)]
    shards = f"{bucket}/shards"
    assert found == [
        f"{shards}/s.tar/000000.png",
        f"{shards}/s.tar/000001.png",
        f"{shards}/t.parquet/0",
    ]
    assert f"archive {shards}/u.tar (" in str(left_out)
    assert [stamp.path for stamp in stamps_at(f"{shards}/s.tar")] == found[:2]
    assert [*stamps_at(f"{shards}/s.tar")] == [stamp_anywhere(path) for path in found[:2]]


def test_a_manifest_lists_addresses_beside_folders(bucket: str, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "1.jpg").write_bytes(b"x")
    assert write_manifest([bucket, tmp_path / "here"], tmp_path / "m.parquet") == 4
    paths = pq.read_table(tmp_path / "m.parquet")["path"].to_pylist()
    assert paths[0] == str(tmp_path / "here" / "1.jpg")
    assert paths[1:] == [stamp.path for stamp in stamps_at(bucket)]


def test_what_cannot_be_listed_says_why(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for address in (f"{bucket}/none", f"{bucket}/b/*.gif"):
        with pytest.raises(DataError, match="nothing is there; is the address right"):
            [*stamps_at(address)]
    with pytest.raises(DataError, match="nonsense://a: cannot be opened"):
        [*stamps_at("nonsense://a")]

    def refused(*_: object, **__: object) -> NoReturn:
        raise PermissionError("Access Denied")

    monkeypatch.setattr(MemoryFileSystem, "ls", refused)
    with pytest.raises(DataError, match=r"cannot be listed \(Access Denied\)"):
        [*stamps_at(bucket)]
