"""Photos in archives, through everything that takes photos on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest
from archives import png, write_images, write_shard, write_tar

from zsl_images.errors import DataError, ImageError
from zsl_images.features.archives import (
    address_in_archive,
    is_archive,
    photos_in,
    place_in_archive,
    read_archived,
)
from zsl_images.features.manifests import write_manifest
from zsl_images.features.photo_paths import find_images
from zsl_images.features.photos import read_image
from zsl_images.features.skipped_files import LeftOut
from zsl_images.features.stamps import stamp_of


@pytest.fixture
def shard(tmp_path: Path) -> Path:
    return write_shard(tmp_path / "a.tar", [png("red", seed) for seed in range(3)])


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return write_images(tmp_path / "b.parquet", [png("blue", 0), None, b"broken"])


def test_archives_are_found_by_their_names_and_columns(
    shard: Path, table: Path, tmp_path: Path
) -> None:
    write_manifest([shard], tmp_path / "m.parquet")
    assert is_archive(shard)
    assert is_archive(table)
    assert not is_archive(tmp_path / "m.parquet")
    assert [*find_images([shard, table])] == [
        *(shard / f"00000{key}.png" for key in range(3)),
        *(table / str(row) for row in range(3)),
    ]
    assert [*find_images([tmp_path / "m.parquet"])] == [*find_images([shard])]
    assert [*find_images([f"{tmp_path}/*.tar"])] == [*find_images([shard])]
    (tmp_path / "l.txt").write_text(f"{shard}\n{table}\n")
    assert [*find_images([tmp_path / "l.txt"])] == [*find_images([shard, table])]
    assert [*find_images([shard / "000001.png", table / "2"])] == [shard / "000001.png", table / "2"]
    with pytest.raises(DataError, match="no such archive"):
        find_images([tmp_path / "none.tar"])


def test_archives_in_folders_are_left_out_and_said(shard: Path) -> None:
    left_out = LeftOut()
    assert [*find_images([shard.parent], left_out)] == []
    assert str(left_out) == "left out: 1 .tar (archives: give tar files by name, and unpack others)"


def test_photos_in_archives_are_read(shard: Path, table: Path) -> None:
    whole = read_image(shard / "000002.png")
    assert whole.size == (48, 40)
    assert read_image(table / "0", 16).size == (48, 40)
    for path, message in (
        (shard / "9.png", "no such photo in the archive"),
        (shard / "000000.json", "not an image"),
        (table / "1", r"cannot be read from the archive \(the row has no image\)"),
        (table / "2", "not an image"),
        (table / "3", "no such photo in the archive"),
        (shard.parent / "none.tar" / "1.png", "no such file"),
    ):
        with pytest.raises(ImageError, match=f"{path}: {message}"):
            read_image(path)


def test_a_photo_changes_with_its_archive(shard: Path) -> None:
    path = shard / "000001.png"
    stamp = stamp_of(path)
    assert stamp == (str(path), shard.stat().st_size, shard.stat().st_mtime_ns)
    assert read_image(path).getpixel((0, 0))[0] > 150
    write_shard(shard, [png("blue", seed) for seed in range(4)])
    assert stamp_of(path) != stamp
    assert read_image(path).getpixel((0, 0))[0] < 100
    shard.unlink()
    assert stamp_of(path)[1:] == (0, 0)


def test_what_is_no_photo_in_an_archive_is_left_out(tmp_path: Path) -> None:
    names = ("1.png", "1.json", "1.cls", "1.npz", "._1.png", ".trash/2.png", "b/2.JPG")
    shard = write_tar(tmp_path / "a.tar", dict.fromkeys(names, b"x"))
    left_out = LeftOut()
    assert [*find_images([shard], left_out)] == [shard / "1.png", shard / "b/2.JPG"]
    assert dict(left_out.files) == {".npz": 1}


def test_a_damaged_archive_costs_no_other_photo(shard: Path, tmp_path: Path) -> None:
    (tmp_path / "0.tar").write_text("nothing")
    (tmp_path / "c.tar").write_bytes(shard.read_bytes()[:3000])
    left_out = LeftOut()
    found = [*find_images([f"{tmp_path}/*.tar"], left_out)]
    assert found[:3] == [*find_images([shard])]
    assert len(found) == 4
    assert [*left_out.folders] == [tmp_path / "0.tar", tmp_path / "c.tar"]
    assert f"archive {tmp_path / '0.tar'} (" in str(left_out)
    assert "expected a tar file without compression" in str(left_out)
    with pytest.raises(ImageError, match="its archive cannot be read"):
        read_image(tmp_path / "0.tar" / "1.png")


def test_a_folder_may_be_named_like_an_archive(tmp_path: Path) -> None:
    folder = tmp_path / "a.tar"
    folder.mkdir()
    (folder / "1.png").write_bytes(png("red", 0))
    assert [*find_images([folder])] == [folder / "1.png"]
    assert stamp_of(folder / "1.png").size == (folder / "1.png").stat().st_size
    assert place_in_archive(folder / "2.png") is None
    with pytest.raises(ImageError, match="no such file"):
        read_image(folder / "2.png")


def test_addresses_in_archives() -> None:
    assert address_in_archive("s3://b/x.tar/a/1.jpg") == ("s3://b/x.tar", "a/1.jpg")
    assert address_in_archive("s3://b/x.Parquet/12") == ("s3://b/x.Parquet", "12")
    assert address_in_archive("s3://b/x.tar") is None
    assert address_in_archive("s3://b/x.tars/1.jpg") is None


def test_only_the_latest_archives_stay_open(tmp_path: Path) -> None:
    shards = [write_tar(tmp_path / f"{key}.tar", {"1.png": b"%d" % key}) for key in range(9)]
    opened = [photos_in(shard) for shard in shards]
    assert photos_in(shards[-1]) is opened[-1]
    assert photos_in(shards[0]) is not opened[0]
    assert read_archived(photos_in(shards[0]), "1.png", "x") == b"0"
