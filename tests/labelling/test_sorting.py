from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from label_files import rows_of

from zsl_images.errors import OutputError
from zsl_images.features.stamps import stamp_of
from zsl_images.labelling import sorting, transfers
from zsl_images.labelling.export_failures import Failures
from zsl_images.labelling.label_files import read_labels, write_labels
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.labelling.sorting import Sorted, sort_photos


def write(path: Path, labels: dict[Path, str | None], **more: Any) -> Path:
    """Write a label file of photos as they are now."""
    rows = [{**stamp_of(photo)._asdict(), "label": label, **more} for photo, label in labels.items()]
    write_labels([pa.Table.from_pylist(rows, SCHEMA)], path)
    return path


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two photos in subfolders."""
    for name in ("site1/cam2/1.jpg", "site2/1.jpg"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True)
        path.write_text(name)
    return tmp_path / "photos/site1/cam2/1.jpg", tmp_path / "photos/site2/1.jpg"


def tree(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("how", ["move", "copy", "link"])
def test_photos_are_sorted_into_one_folder_per_label(labels: Path, tmp_path: Path, how: str) -> None:
    target = tmp_path / "sorted"
    assert sort_photos(labels, target, how) == Sorted(there=4)  # type: ignore[arg-type]
    found = tree(target)
    assert sorted(found.values()) == ["a/1.jpg", "b/1.jpg", "b/2.jpg", "b/3.jpg"]
    (second,) = (name for name in found if name.startswith("lion/1-"))
    assert set(found) == {"lion/1.jpg", second, "unlabelled/2.jpg", "_cat & _dog_/3.jpg"}
    assert (tmp_path / "a" / "1.jpg").exists() == (how != "move")
    assert (tmp_path / "b" / "4.jpg").exists()
    assert (target / "lion" / "1.jpg").is_symlink() == (how == "link")
    assert sort_photos(labels, target, how) == Sorted(there=4)  # type: ignore[arg-type]
    assert tree(target) == found


def test_a_photo_that_cannot_be_brought_stays_where_it_is(labels: Path, tmp_path: Path) -> None:
    (tmp_path / "sorted").mkdir()
    (tmp_path / "sorted" / "lion").write_text("in the way")
    with pytest.raises(OutputError, match="lion"):
        sort_photos(labels, tmp_path / "sorted", "move")
    assert (tmp_path / "a" / "1.jpg").exists()


def test_other_photos_of_a_name_are_all_brought_with_their_mode(labels: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "a" / "1.jpg", tmp_path / "b" / "1.jpg"
    second.write_text("other!!")
    for path in (first, second):
        os.utime(path, ns=(1, 1))
        path.chmod(0o600)
    assert first.stat().st_size == second.stat().st_size
    sort_photos(labels, tmp_path / "sorted", "copy")
    lions = list((tmp_path / "sorted" / "lion").iterdir())
    assert sorted(path.read_text() for path in lions) == ["a/1.jpg", "other!!"]
    assert {path.stat().st_mode & 0o777 for path in lions} == {0o600}


def test_a_moved_link_still_leads_to_its_photo(labels: Path, tmp_path: Path) -> None:
    (tmp_path / "far.jpg").write_text("far")
    link = tmp_path / "a" / "1.jpg"
    link.unlink()
    link.symlink_to(Path("..") / "far.jpg")
    sort_photos(labels, tmp_path / "sorted" / "deep", "move")
    assert (tmp_path / "sorted" / "deep" / "lion" / "1.jpg").read_text() == "far"
    assert not link.is_symlink()


@pytest.mark.parametrize("how", ["copy", "link"])
def test_a_copy_follows_its_label(two: tuple[Path, Path], tmp_path: Path, how: Any) -> None:
    labels, target = tmp_path / "labels.csv", tmp_path / "sorted"
    for names in (("lion", "tiger"), ("lion", "lion"), (None, "lion"), ("tiger", None)):
        write(labels, dict(zip(two, names, strict=True)))
        assert sort_photos(labels, target, how) == Sorted(there=2)
        found = {text: Path(name).parts[0] for name, text in tree(target).items()}
        expected = zip(("site1/cam2/1.jpg", "site2/1.jpg"), names, strict=True)
        assert found == {text: name or "unlabelled" for text, name in expected}
        assert {path.name for path in target.iterdir()} == set(found.values())


@pytest.mark.parametrize("how", ["copy", "link"])
def test_copies_that_were_taken_away_do_not_come_back(
    two: tuple[Path, Path], tmp_path: Path, how: Any
) -> None:
    labels, target = tmp_path / "labels.csv", tmp_path / "sorted"
    write(labels, {two[0]: "lion", two[1]: "tiger"})
    sort_photos(labels, target, how)
    (target / "lion" / "1.jpg").rename(tmp_path / "mine.jpg")
    for name in ("lion", "tiger"):
        write(labels, {two[0]: name, two[1]: name})
        assert sort_photos(labels, target, how) == Sorted(there=1, taken=1)
        assert [*tree(target).values()] == ["site2/1.jpg"]
    shutil.rmtree(target)  # all at once
    assert sort_photos(labels, target, how) == Sorted(taken=2)


@pytest.mark.parametrize("how", ["copy", "link"])
def test_another_copy_in_the_place_of_one_is_not_taken_for_it(
    two: tuple[Path, Path], tmp_path: Path, how: Any
) -> None:
    labels, target = tmp_path / "labels.csv", tmp_path / "sorted"
    write(labels, {two[1]: "tiger", two[0]: "lion"})
    sort_photos(labels, target, how)
    (target / "lion" / "1.jpg").unlink()
    for names in (("lion", "lion"), ("zebra", "lion"), ("lion", "zebra")):
        write(labels, dict(zip((two[1], two[0]), names, strict=True)))
        assert sort_photos(labels, target, how) == Sorted(there=1, taken=1)
        assert list(tree(target).items()) == [(f"{names[0]}/1.jpg", "site2/1.jpg")]


def test_a_copy_that_somebody_changed_is_left_alone(two: tuple[Path, Path], tmp_path: Path) -> None:
    labels, target = tmp_path / "labels.csv", tmp_path / "sorted"
    sort_photos(write(labels, {two[0]: "lion"}), target, "copy")
    (target / "lion" / "1.jpg").write_text("turned")
    assert sort_photos(write(labels, {two[0]: "tiger"}), target, "copy") == Sorted(taken=1)
    assert tree(target) == {"lion/1.jpg": "turned"}


def test_copies_follow_the_answer_of_a_taxonomy(two: tuple[Path, Path], tmp_path: Path) -> None:
    labels, target = tmp_path / "labels.csv", tmp_path / "sorted"
    write(labels, {two[0]: None}, answer="Felidae", answer_level="family")
    sort_photos(labels, target, "copy")
    assert set(tree(target)) == {"Felidae/1.jpg"}


@pytest.mark.parametrize("how", ["move", "copy", "link"])
def test_subfolders_are_kept_below_the_label(two: tuple[Path, Path], tmp_path: Path, how: Any) -> None:
    labels, target = tmp_path / "labels.csv", tmp_path / "sorted"
    write(labels, {two[0]: "lion", two[1]: "lion"})
    sort_photos(labels, target, how, [tmp_path / "photos"])
    assert set(tree(target)) == {"lion/site1/cam2/1.jpg", "lion/site2/1.jpg"}
    rows = [{**row, "label": "tiger"} for row in rows_of(labels)]
    write_labels([pa.Table.from_pylist(rows, SCHEMA)], labels)
    sort_photos(labels, target, how)
    assert set(tree(target)) == {"tiger/site1/cam2/1.jpg", "tiger/site2/1.jpg"}


def test_rows_of_moved_photos_lead_to_them(two: tuple[Path, Path], tmp_path: Path) -> None:
    labels, target = tmp_path / "labels.csv", tmp_path / "sorted"
    inbox = tmp_path / "inbox" / "1.jpg"
    inbox.parent.mkdir()
    for photo in two:  # the camera counts from 1 again
        photo.rename(inbox)
        earlier = rows_of(labels) if labels.exists() else []
        new = {**stamp_of(inbox)._asdict(), "label": "lion"}
        write_labels([pa.Table.from_pylist([*earlier, new], SCHEMA)], labels)
        sort_photos(labels, target, "move")
    rows = rows_of(labels)
    assert sorted(Path(row["path"]).read_text() for row in rows) == sorted(tree(target).values())
    assert len({row["path"] for row in rows}) == 2
    assert [(row["path"], row["size"], row["mtime"]) for row in rows] == [
        stamp_of(row["path"]) for row in rows
    ]


def test_another_photo_under_an_old_name_gets_a_copy_of_its_own(
    two: tuple[Path, Path], tmp_path: Path
) -> None:
    labels, target = tmp_path / "labels.csv", tmp_path / "sorted"
    write(labels, {two[0]: "lion"})
    sort_photos(labels, target, "copy")
    two[0].write_text("another one")
    write(labels, {two[0]: "lion"})
    assert sort_photos(labels, target, "copy") == Sorted(there=1)
    assert sorted(tree(target).values()) == ["another one", "site1/cam2/1.jpg"]


@pytest.mark.parametrize("how", ["move", "copy", "link"])
def test_a_run_that_was_killed_is_continued(
    two: tuple[Path, Path], tmp_path: Path, how: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, target = tmp_path / "labels.csv", tmp_path / "sorted"
    write(labels, {two[0]: "lion", two[1]: "lion"})
    transfer = transfers.transfer

    def kill(source: Path, *others: Any) -> None:
        if source == two[1]:
            raise KeyboardInterrupt
        transfer(source, *others)

    with monkeypatch.context() as patched:
        patched.setattr(sorting, "transfer", kill)
        with pytest.raises(KeyboardInterrupt):
            sort_photos(labels, target, how)
    assert sort_photos(labels, target, how) == Sorted(there=2)
    assert len(tree(target)) == 2
    assert sort_photos(labels, target, how) == Sorted(there=2)
    assert len(tree(target)) == 2


def test_one_photo_that_fails_stops_no_others_but_a_full_disk_does(
    two: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = write(tmp_path / "labels.csv", {two[0]: "lion", two[1]: "lion"})
    transfer = transfers.transfer
    for code, there in ((errno.EACCES, 1), (errno.ENOSPC, 0)):
        tried = []

        def fail(source: Path, *others: Any, code: int = code, tried: list[Path] = tried) -> None:
            tried.append(source)
            if len(tried) == 1:
                raise OSError(code, "no")
            transfer(source, *others)

        failures, target = Failures(), tmp_path / str(code)
        with monkeypatch.context() as patched:
            patched.setattr(sorting, "transfer", fail)
            if code == errno.ENOSPC:
                with pytest.raises(OutputError, match="cannot copy"):
                    sort_photos(labels, target, "copy", failures=failures)
            else:
                sort_photos(labels, target, "copy", failures=failures)
        assert (len(failures), len(tree(target))) == (there, there)
        assert sort_photos(labels, target, "copy") == Sorted(there=2)


def test_sidecars_move_with_their_photos_and_others_are_counted(
    two: tuple[Path, Path], tmp_path: Path
) -> None:
    labels, target = tmp_path / "labels.csv", tmp_path / "sorted"
    two[0].with_name("1.xmp").write_text("mine")
    two[0].with_name("1.json").write_text("of the camera")
    write(labels, {two[0]: "lion"})
    assert sort_photos(labels, target, "move") == Sorted(there=1, left=1)
    assert set(tree(target)) == {"lion/1.jpg", "lion/1.xmp"}
    rows = [{**row, "label": "tiger"} for row in rows_of(labels)]
    write_labels([pa.Table.from_pylist(rows, SCHEMA)], labels)
    sort_photos(labels, target, "move")
    assert set(tree(target)) == {"tiger/1.jpg", "tiger/1.xmp"}


def test_a_users_columns_stay_when_photos_move(two: tuple[Path, Path], tmp_path: Path) -> None:
    labels = write(tmp_path / "labels.csv", {two[0]: "lion"})
    header, row = labels.read_text().splitlines()
    labels.write_text(f"{header},checked\n{row},Kim\n")
    sort_photos(labels, tmp_path / "sorted", "move")
    assert labels.read_text().splitlines()[1].endswith(",Kim")


def test_long_names_that_are_taken_are_cut(tmp_path: Path) -> None:
    photos = [tmp_path / folder / ("x" * 251 + ".jpg") for folder in "ab"]
    for photo in photos:
        photo.parent.mkdir()
        photo.write_text(photo.parent.name)
    labels = write(tmp_path / "labels.csv", dict.fromkeys(photos, "lion"))
    sort_photos(labels, tmp_path / "sorted", "copy")
    assert sorted(tree(tmp_path / "sorted").values()) == ["a", "b"]


def test_unknown_photos_go_into_a_folder_of_their_own(labels: Path, tmp_path: Path) -> None:
    (table,) = read_labels(labels)
    at = table.schema.get_field_index("is_unknown")
    is_unknown = pa.array([False, False, True, False, False])
    write_labels([table.set_column(at, table.schema.field(at), is_unknown)], labels)
    sort_photos(labels, tmp_path / "sorted", "copy")
    assert (tmp_path / "sorted" / "unknown" / "2.jpg").is_file()
    assert not (tmp_path / "sorted" / "unlabelled").exists()
