"""What a file really is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from zsl_images.classes.attribute_sheets import AttributeSheet
from zsl_images.classes.taxonomy import Taxonomy
from zsl_images.errors import ClassTableError, DataError
from zsl_images.evaluation.matlab_files import read_matlab
from zsl_images.features.photo_lists import listed_paths
from zsl_images.features.photo_rows import PhotoRows
from zsl_images.file_kinds import kind_in_place_of_data, kind_of, kind_of_file
from zsl_images.labelling.label_files import read_labels

STARTS = {
    b"": "an empty file",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n": "git lfs pull",
    b"<!DOCTYPE html><html></html>": "a web page",
    b"\xef\xbb\xbf\n<HTML lang=en>": "a web page",
    b"\0\0\0\x18ftypheic\0\0\0\0mif1heic": r"zsl-images\[heif\]",
    b"\0\0\0\x18ftypmp42\0\0\0\0isommp42": "a video",
    b"\0\0\0\x18ftypcrx \0\0\0\0isom": r"zsl-images\[raw\]",
    b"II*\0\x10\0\0\0CR\x02\0": r"zsl-images\[raw\]",
    b"RIFF\0\0\0\0AVI LIST": "a video",
    b"%PDF-1.7": "a PDF document",
    b"PK\x03\x04": "a ZIP archive",
    b"\xff\x0a\x10": "JPEG XL",
    b"\x80\x04\x95": "a pickle",
    b"<svg xmlns=": "SVG",
    b'{"error": 404}': "JSON",
    bytes(600): "full of zeros",
    b"just words": "a text file",
}


@pytest.mark.parametrize("start", STARTS)
def test_a_file_is_named_with_the_next_step(start: bytes) -> None:
    kind = kind_of(start)
    assert kind is not None
    assert kind.step
    with pytest.raises(AssertionError, match=STARTS[start]):
        raise AssertionError(str(kind))


@pytest.mark.parametrize(
    "start", [b"\xff\xd8\xff\xe0\0\x10JFIF", b"\x89PNG\r\n\x1a\n", b"\x01\x99\xfe" * 9]
)
def test_pictures_that_are_read_and_unknown_data_have_no_kind(start: bytes) -> None:
    assert kind_of(start) is None


def test_only_what_is_no_data_at_all_lies_in_place_of_data(tmp_path: Path) -> None:
    (tmp_path / "page").write_text("<html>")
    (tmp_path / "pickle").write_bytes(b"\x80\x02")
    assert kind_in_place_of_data(tmp_path / "page") == kind_of_file(tmp_path / "page")
    assert kind_in_place_of_data(tmp_path / "pickle") is None
    assert kind_of_file(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("suffix", "read"),
    [
        (".csv", AttributeSheet.read),
        (".xlsx", Taxonomy.read),
        (".csv", lambda path: list(read_labels(path))),
        (".parquet", lambda path: list(read_labels(path))),
        (".parquet", lambda path: PhotoRows([path])),
        (".parquet", lambda path: list(listed_paths(path))),
        (".txt", lambda path: list(listed_paths(path))),
        (".mat", lambda path: read_matlab(path, ["features"])),
    ],
)
def test_every_reader_names_a_pointer_and_a_page(
    tmp_path: Path, suffix: str, read: Callable[[Path], object]
) -> None:
    path = tmp_path / f"a{suffix}"
    for text, name in (("version https://git-lfs\nsize 1\n", "Git LFS"), ("<html></html>", "web page")):
        path.write_text(text)
        with pytest.raises((ClassTableError, DataError), match=rf"a{suffix} is a {name}"):
            read(path)
