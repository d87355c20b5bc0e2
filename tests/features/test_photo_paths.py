from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawing import draw
from PIL import Image

from zsl_images.errors import DataError
from zsl_images.features.photo_paths import find_images, find_labelled_images
from zsl_images.features.stamps import stamp_of


@pytest.fixture
def photo() -> Image.Image:
    return draw("red", 0)


def test_folders_are_walked_in_a_stable_order(tmp_path: Path, photo: Image.Image) -> None:
    for name in ("b/2.jpg", "b/10.PNG", "a.jpg", ".hidden/1.jpg", "b/.thumb.jpg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        photo.save(tmp_path / name)
    (tmp_path / "notes.txt").touch()
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    found = [str(path.relative_to(tmp_path)) for path in find_images([tmp_path])]
    assert found == ["a.jpg", "b/10.PNG", "b/2.jpg"]
    assert list(find_images([f"{tmp_path}/**/*.jpg"])) == [
        tmp_path / "a.jpg",
        tmp_path / "b" / "2.jpg",
    ]
    assert list(find_images([tmp_path / "none.jpg"])) == [tmp_path / "none.jpg"]


def test_labelled_images_are_sorted_by_class(colour_photos: Path) -> None:
    classes = find_labelled_images(colour_photos)
    assert list(classes) == sorted(classes)
    assert {len(paths) for paths in classes.values()} == {10}


def test_a_folder_without_class_folders_is_refused(tmp_path: Path, photo: Image.Image) -> None:
    photo.save(tmp_path / "loose.png")
    with pytest.raises(DataError, match=r"CLASS/photo\.jpg"):
        find_labelled_images(tmp_path)
    with pytest.raises(DataError, match="not a folder"):
        find_labelled_images(tmp_path / "loose.png")


def test_linked_folders_are_walked_once_and_circles_end(tmp_path: Path, photo: Image.Image) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    (tmp_path / "far").mkdir()
    photo.save(tmp_path / "in" / "deep" / "1.png")
    photo.save(tmp_path / "far" / "2.png")
    (tmp_path / "in" / "deep" / "circle").symlink_to(tmp_path / "in")
    (tmp_path / "in" / "far").symlink_to(tmp_path / "far")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "far")
    (tmp_path / "in" / "nowhere").symlink_to(tmp_path / "none")
    found = [str(path.relative_to(tmp_path / "in")) for path in find_images([tmp_path / "in"])]
    assert found == ["again/2.png", "deep/1.png"]


def test_manifests_name_photos_each_once(tmp_path: Path, photo: Image.Image) -> None:
    photo.save(tmp_path / "1.png")
    names = [str(tmp_path / "1.png"), "none.jpg", str(tmp_path / "1.png")]
    (tmp_path / "list.txt").write_text("\n".join(names) + "\n\n")
    pq.write_table(pa.table({"path": names}), tmp_path / "list.parquet")
    for manifest in ("list.txt", "list.parquet"):
        assert list(map(str, find_images([tmp_path / manifest]))) == names[:2]
    assert len(list(find_images([tmp_path, tmp_path / "list.txt", tmp_path / "1.png"]))) == 2
    (tmp_path / "list.txt").write_text("\n".join(names), "utf-16")
    assert list(map(str, find_images([tmp_path / "list.txt"]))) == names[:2]
    pq.write_table(pa.table({"path": [1, None]}), tmp_path / "list.parquet")
    with pytest.raises(DataError, match="cannot read the manifest"):
        list(find_images([tmp_path / "list.parquet"]))
    with pytest.raises(DataError, match="cannot use the pattern"):
        list(find_images([tmp_path / "**.jpg"]))
    pq.write_table(pa.table({"file": names}), tmp_path / "list.parquet")
    with pytest.raises(DataError, match=r"list\.parquet \(no column 'path', but file"):
        list(find_images([tmp_path / "list.parquet"]))


def test_a_folder_gives_ordinary_files_only(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "folder.jpg").mkdir()
    (tmp_path / "notes.txt").touch()
    assert list(find_images([tmp_path])) == []


@pytest.mark.parametrize("name", ["card", "list.txt", "list.parquet", "*.png", "**/*.png"])
def test_an_input_that_is_not_there_is_an_error_before_anything_is_read(
    tmp_path: Path, colour_photos: Path, name: str
) -> None:
    with pytest.raises(DataError, match=r"no such (folder|list)|no file matches"):
        find_images([colour_photos, tmp_path / name])
    assert list(find_images(iter([tmp_path / name]))) == [tmp_path / name]  # as from stdin


def test_a_photo_that_is_not_there_is_one_that_cannot_be_read(tmp_path: Path) -> None:
    assert list(find_images([tmp_path / "a.jpg", tmp_path / "b.jpg"])) == [
        tmp_path / "a.jpg",
        tmp_path / "b.jpg",
    ]


def test_spellings_of_one_path_are_one_photo(
    tmp_path: Path, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "in").mkdir()
    photo.save(tmp_path / "in" / "a.png")
    monkeypatch.chdir(tmp_path)
    found = list(find_images(["in", tmp_path, "in/../in/a.png", "./in/*.png"]))
    assert found == [Path("in/a.png")]
    assert stamp_of("in/a.png") == stamp_of(tmp_path / "in" / ".." / "in" / "a.png")
    assert stamp_of("in/a.png").path == str(tmp_path / "in" / "a.png")


def test_a_tilde_is_the_home_folder(
    tmp_path: Path, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "in").mkdir()
    photo.save(tmp_path / "in" / "a.png")
    (tmp_path / "list.txt").write_text("~/in/a.png")
    for given in ("~/in", "~/in/*.png", "~/list.txt", "~/in/a.png"):
        assert list(find_images([given])) == [tmp_path / "in" / "a.png"]


def test_folders_without_inode_numbers_are_all_walked(
    tmp_path: Path, photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b/c"):
        (tmp_path / name).mkdir(parents=True)
        photo.save(tmp_path / name / "1.png")
    (tmp_path / "b" / "circle").symlink_to(tmp_path)
    status = os.stat

    def without_inode(*given: object, **options: object) -> os.stat_result:
        found = status(*given, **options)
        return os.stat_result([found.st_mode, 0, *found[2:]])

    monkeypatch.setattr(os, "stat", without_inode)
    assert len(list(find_images([tmp_path]))) == 2
    assert sum(map(len, find_labelled_images(tmp_path).values())) >= 2
