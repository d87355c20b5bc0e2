from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from archives import write_tar

from zsl_images.features.tar_photos import TarPhotos


def opened(path: Path) -> TarPhotos:
    return TarPhotos(lambda: path.open("rb"))


def test_files_are_read_in_any_order(tmp_path: Path) -> None:
    members = {"./a/1.jpg": b"one", "a/1.json": b"{}", "a/2.jpg": b"x" * 2000, "3.jpg": b""}
    photos = opened(write_tar(tmp_path / "a.tar", members))
    assert [*photos.names()] == ["a/1.jpg", "a/1.json", "a/2.jpg", "3.jpg"]
    assert [photos.read(name) for name in ("a/2.jpg", "./a/1.jpg", "3.jpg")] == [
        b"x" * 2000,
        b"one",
        b"",
    ]
    assert photos.damage is None
    with pytest.raises(KeyError):
        photos.read("a/3.jpg")


def test_of_two_files_of_one_name_the_later_counts(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"1.jpg": b"old", "2.jpg": b"two"})
    with tarfile.open(path, "a") as tar:
        member = tarfile.TarInfo("1.jpg")
        member.size = 3
        tar.addfile(member, io.BytesIO(b"new"))
    photos = opened(path)
    assert [*photos.names()] == ["1.jpg", "2.jpg"]
    assert photos.read("1.jpg") == b"new"


def test_names_that_lead_out_and_links_are_passed_over(tmp_path: Path) -> None:
    path = write_tar(tmp_path / "a.tar", {"../1.jpg": b"1", "/2.jpg": b"2", "b/../../3.jpg": b"3"})
    with tarfile.open(path, "a") as tar:
        link = tarfile.TarInfo("4.jpg")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
        folder = tarfile.TarInfo("5.jpg")
        folder.type = tarfile.DIRTYPE
        tar.addfile(folder)
    assert [*opened(path).names()] == []


@pytest.mark.parametrize("what", ["cut in a file", "cut in a header", "a damaged header"])
def test_of_a_damaged_archive_the_first_files_are_read(tmp_path: Path, what: str) -> None:
    path = write_tar(tmp_path / "a.tar", {f"{key}.jpg": b"x" * 600 for key in range(3)})
    data = bytearray(path.read_bytes())
    third = 2 * (512 + 1024)
    if what == "a damaged header":
        data[third : third + 512] = b"?" * 512
    path.write_bytes(data[: {"cut in a file": third + 812, "cut in a header": third + 100}.get(what)])
    photos = opened(path)
    assert photos.damage
    assert "copy it again" in photos.damage
    assert photos.read("1.jpg") == b"x" * 600
    if what == "cut in a file":
        with pytest.raises(ValueError, match="ends 300 bytes before"):
            photos.read("2.jpg")


@pytest.mark.parametrize("data", [b"nothing of a tar file" * 100, b"", b"\x1f\x8b\x08"])
def test_what_is_no_tar_file_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.tar").write_bytes(data)
    with pytest.raises(ValueError, match="expected a tar file without compression"):
        opened(tmp_path / "a.tar")
