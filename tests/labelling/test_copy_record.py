from __future__ import annotations

from pathlib import Path

import pytest

from zsl_images.errors import DataError
from zsl_images.features.stamps import Stamp
from zsl_images.labelling.copy_record import CopyRecord

A, B, CHANGED = Stamp("/a.jpg", 1, 1), Stamp("/b.jpg", 1, 1), Stamp("/a.jpg", 2, 2)


def test_copies_are_found_again_and_those_not_named_stay(tmp_path: Path) -> None:
    labels, folder = tmp_path / "labels.csv", tmp_path / "sorted"
    record = CopyRecord(labels, folder)
    assert record.find([A, B]) == [None, None]
    record.write(iter([([A, B], [folder / "lion" / "a.jpg", folder / "lion" / "b.jpg"])]))
    record = CopyRecord(labels, folder)
    assert record.find([A]) == [folder / "lion" / "a.jpg"]
    record.write(iter([([A], [folder / "tiger" / "a.jpg"])]))
    assert CopyRecord(labels, folder).find([CHANGED, A, B]) == [
        None,
        folder / "tiger" / "a.jpg",
        folder / "lion" / "b.jpg",
    ]


def test_each_label_file_and_folder_has_its_own(tmp_path: Path) -> None:
    record = CopyRecord(tmp_path / "labels.csv", tmp_path / "sorted")
    record.write(iter([([A], [tmp_path / "sorted" / "a.jpg"])]))
    assert CopyRecord(tmp_path / "labels.csv", tmp_path / "other").find([A]) == [None]
    assert CopyRecord(tmp_path / "other.csv", tmp_path / "sorted").find([A]) == [None]


def test_a_damaged_record_is_named(tmp_path: Path) -> None:
    record = CopyRecord(tmp_path / "labels.csv", tmp_path / "sorted")
    record.write(iter([([A], [tmp_path / "sorted" / "a.jpg"])]))
    (path,) = tmp_path.iterdir()
    path.write_text("damaged")
    with pytest.raises(DataError, match=r"copies\.parquet cannot be read"):
        CopyRecord(tmp_path / "labels.csv", tmp_path / "sorted")


def test_a_copy_that_was_taken_away_stays_so(tmp_path: Path) -> None:
    labels, folder = tmp_path / "labels.csv", tmp_path / "sorted"
    CopyRecord(labels, folder).write(iter([([A], [folder])]))
    assert CopyRecord(labels, folder).find([A]) == [folder]
