from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from zsl_images import Outputs
from zsl_images.errors import DataError, OutputError
from zsl_images.labelling.label_files import write_labels
from zsl_images.labelling.label_schema import SCHEMA


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photos" / "1.jpg"
    path.parent.mkdir()
    path.write_text("1")
    return path


@pytest.fixture
def labels(photo: Path, tmp_path: Path) -> Path:
    row = {"path": str(photo), "size": 1, "mtime": 1, "label": "lion", "probability": 0.75}
    row |= {"head": "h", "version": "v"}
    write_labels([pa.Table.from_pylist([row], SCHEMA)], tmp_path / "labels.csv")
    return tmp_path / "labels.csv"


def test_everything_chosen_is_written_and_reported(labels: Path, photo: Path, tmp_path: Path) -> None:
    sidecar = photo.with_name("1.jpg.xmp")
    sidecar.write_text("someone else's")
    outputs = Outputs(
        coco=tmp_path / "coco.json",
        label_studio=tmp_path / "tasks.json",
        xmp=True,
        move=tmp_path / "sorted",
    )
    outputs.check([tmp_path / "photos"], labels)
    assert outputs.write(labels) == [
        "left as before: 1 sidecar of other programs",
        f"{tmp_path / 'sorted'}: 1 photo",
    ]
    assert len(json.loads((tmp_path / "coco.json").read_text())["annotations"]) == 1
    assert len(json.loads((tmp_path / "tasks.json").read_text())) == 1
    assert (tmp_path / "sorted" / "lion" / "1.jpg").exists()
    assert not photo.exists()
    (tmp_path / "sorted" / "lion" / "1.jpg").unlink()
    assert outputs.write(labels)[-1] == f"{tmp_path / 'sorted'}: 0 photos; gone: 1 photo"


def test_nothing_chosen_is_nothing_done(labels: Path, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    assert Outputs().write(labels) == []
    assert sorted(tmp_path.rglob("*")) == before


def test_photos_are_sorted_in_one_way() -> None:
    with pytest.raises(DataError, match="one of move, copy and link"):
        Outputs(move="a", link="b")
    with pytest.raises(DataError, match="keep_tree has no effect"):
        Outputs(keep_tree=True)


@pytest.mark.parametrize("pattern", ["photos", "photos/*.jpg", "photos/**/*.jpg"])
def test_a_folder_inside_the_inputs_is_refused(
    photo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pattern: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="would be labelled again"):
        Outputs(copy="photos/sorted").check([pattern], "labels.csv")
    Outputs(copy="sorted").check([pattern, "-", str(photo)], "labels.csv")


def test_conflicts_are_found_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="leave one out"):
        Outputs(move="a").check([], "labels.csv", prune=True)
    Outputs(copy="a").check([], "labels.csv", prune=True)
    with pytest.raises(DataError, match="to end in"):
        Outputs().check([], "labels.xlsx")
    for outputs in (Outputs(copy="a"), Outputs(xmp=True)):
        with pytest.raises(DataError, match=r"the photos in shard\.tar are no files of their own"):
            outputs.check(["shard.tar"], "labels.csv")
    Outputs(coco="coco.json").check(["shard.tar"], "labels.csv")
    for outputs, features in (
        (Outputs(coco="labels.csv"), None),
        (Outputs(coco="x.json", label_studio=tmp_path / "x.json"), None),
        (Outputs(), "./labels.csv"),
    ):
        with pytest.raises(DataError, match="need different files"):
            outputs.check([], "labels.csv", features=features)
    with pytest.raises(OutputError, match="cannot write"):
        Outputs(coco="none/coco.json").check([], "labels.csv")


def test_files_name_photos_where_they_were_moved(labels: Path, tmp_path: Path) -> None:
    Outputs(coco=tmp_path / "coco.json", move=tmp_path / "sorted").write(labels)
    (image,) = json.loads((tmp_path / "coco.json").read_text())["images"]
    assert Path(image["file_name"]) == tmp_path / "sorted" / "lion" / "1.jpg"


@pytest.mark.parametrize("given", ["photos", "photos/*/*.jpg", "list.txt", None])
def test_the_tree_is_kept_below_what_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "list.txt").touch()
    rows = []
    for name in ("site1", "site2"):
        photo = tmp_path / "photos" / name / "1.jpg"
        photo.parent.mkdir(parents=True)
        photo.write_text(name)
        rows.append({"path": str(photo), "label": "lion"})
    write_labels([pa.Table.from_pylist(rows, SCHEMA)], "labels.csv")
    Outputs(copy="sorted", keep_tree=True).write("labels.csv", inputs=[given] if given else [])
    assert {path.parent.name for path in Path("sorted").rglob("*.jpg")} == {"site1", "site2"}
    assert len(list(Path("sorted").glob("lion/*/1.jpg"))) == 2


def test_photos_that_cannot_be_exported_are_reported(labels: Path, tmp_path: Path) -> None:
    (tmp_path / "sorted").mkdir()
    (tmp_path / "sorted" / "lion").write_text("in the way")
    outputs, failures = Outputs(copy=tmp_path / "sorted", coco=tmp_path / "coco.json"), []
    assert outputs.write(labels, on_failure=failures.append) == [f"{tmp_path / 'sorted'}: 0 photos"]
    assert "cannot copy" in failures[0].reason
    assert (tmp_path / "coco.json").exists()
    (tmp_path / "coco.json").unlink()
    with pytest.raises(OutputError, match="cannot copy"):
        outputs.write(labels)
    assert (tmp_path / "coco.json").exists()
