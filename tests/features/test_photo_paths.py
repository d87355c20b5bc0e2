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
