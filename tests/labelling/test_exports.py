from __future__ import annotations

import json
import os
from pathlib import Path
from xml.etree import ElementTree

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zsl_images.errors import OutputError
from zsl_images.labelling.exports import sort_photos, write_coco, write_label_studio, write_sidecars
from zsl_images.labelling.label_files import SCHEMA, write_labels

DC_SUBJECT = (
    "{http://purl.org/dc/elements/1.1/}subject/{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Bag/"
    "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}li"
)


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """A label file of five photos: two of one name, one unlabelled, one of an odd class, one broken."""
    photos = [
        ("a/1.jpg", "lion", None),
        ("b/1.jpg", "lion", None),
        ("b/2.jpg", None, None),
        ("b/3.jpg", "../cat & <dog>", None),
        ("b/4.jpg", None, "not an image"),
    ]
    rows = []
    for name, label, error in photos:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
        row = {"path": str(path), "size": 1, "mtime": 1, "label": label, "error": error}
        rows.append({**row, "probability": None if error else 0.75, "head": "h", "version": "v"})
    write_labels([pa.Table.from_pylist(rows, SCHEMA)], tmp_path / "labels.parquet")
    return tmp_path / "labels.parquet"


def tree(folder: Path) -> dict[str, str]:
    return {str(p.relative_to(folder)): p.read_text() for p in folder.rglob("*") if p.is_file()}


@pytest.mark.parametrize("how", ["move", "copy", "link"])
def test_photos_are_sorted_into_one_folder_per_label(labels: Path, tmp_path: Path, how: str) -> None:
    target = tmp_path / "sorted"
    assert sort_photos(labels, target, how) == (4, 0)  # type: ignore[arg-type]
    found = tree(target)
    assert sorted(found.values()) == ["a/1.jpg", "b/1.jpg", "b/2.jpg", "b/3.jpg"]
    (second,) = (name for name in found if name.startswith("lion/1-"))
    assert set(found) == {"lion/1.jpg", second, "unlabelled/2.jpg", "_cat & _dog_/3.jpg"}
    assert (tmp_path / "a" / "1.jpg").exists() == (how != "move")
    assert (tmp_path / "b" / "4.jpg").exists()
    assert (target / "lion" / "1.jpg").is_symlink() == (how == "link")
    assert sort_photos(labels, target, how) == (4, 0)  # type: ignore[arg-type]
    assert tree(target) == found


def test_a_photo_that_cannot_be_brought_stays_where_it_is(labels: Path, tmp_path: Path) -> None:
    (tmp_path / "sorted").mkdir()
    (tmp_path / "sorted" / "lion").write_text("in the way")
    with pytest.raises(OutputError, match="lion"):
        sort_photos(labels, tmp_path / "sorted", "move")
    assert (tmp_path / "a" / "1.jpg").exists()


def test_coco_has_one_category_per_class_and_annotation_per_photo(labels: Path, tmp_path: Path) -> None:
    write_coco(labels, tmp_path / "coco.json")
    coco = json.loads((tmp_path / "coco.json").read_text())
    names = {category["id"]: category["name"] for category in coco["categories"]}
    files = {image["id"]: Path(image["file_name"]).name for image in coco["images"]}
    found = {(files[a["image_id"]], names[a["category_id"]]) for a in coco["annotations"]}
    expected = {("1.jpg", "lion"), ("2.jpg", "unlabelled"), ("3.jpg", "../cat & <dog>")}
    assert found == expected
    assert len(files) == len(coco["annotations"]) == 4
    assert coco["annotations"][0]["score"] == 0.75


def test_label_studio_tasks_have_one_choice_each(labels: Path, tmp_path: Path) -> None:
    write_label_studio(labels, tmp_path / "tasks.json")
    tasks = json.loads((tmp_path / "tasks.json").read_text())
    assert [task["data"]["path"] for task in tasks] == [
        str(tmp_path / name) for name in ("a/1.jpg", "b/1.jpg", "b/2.jpg", "b/3.jpg")
    ]
    (prediction,) = tasks[0]["predictions"]
    assert prediction["score"] == 0.75
    assert prediction["result"] == [
        {"from_name": "label", "to_name": "image", "type": "choices", "value": {"choices": ["lion"]}}
    ]


def test_sidecars_hold_the_label_and_spare_those_of_others(labels: Path, tmp_path: Path) -> None:
    other = tmp_path / "b" / "1.jpg.xmp"
    other.write_text("<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk='darktable'/>")
    assert write_sidecars(labels) == 1
    assert "darktable" in other.read_text()
    assert not (tmp_path / "b" / "2.jpg.xmp").exists()
    for name, keyword in (("a/1.jpg", "lion"), ("b/3.jpg", "../cat & <dog>")):
        root = ElementTree.parse(tmp_path / f"{name}.xmp").getroot()
        assert [item.text for item in root.iterfind(f".//{DC_SUBJECT}")] == [keyword]
    before = (tmp_path / "a" / "1.jpg.xmp").read_text()
    assert write_sidecars(labels) == 1
    assert (tmp_path / "a" / "1.jpg.xmp").read_text() == before


def test_other_programs_read_the_sidecars(labels: Path, tmp_path: Path) -> None:
    pyexiv2 = pytest.importorskip("pyexiv2")
    write_sidecars(labels)
    with pyexiv2.Image(str(tmp_path / "a" / "1.jpg.xmp")) as sidecar:
        assert sidecar.read_xmp()["Xmp.dc.subject"] == ["lion"]


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


def test_sidecars_that_someone_changed_stay_and_stale_ones_go(labels: Path, tmp_path: Path) -> None:
    write_sidecars(labels)
    changed, stale = tmp_path / "a" / "1.jpg.xmp", tmp_path / "b" / "1.jpg.xmp"
    changed.write_text(changed.read_text().replace("</rdf:Bag>", "<rdf:li>mine</rdf:li></rdf:Bag>"))
    rows = [row | {"label": None} for row in pq.read_table(labels).to_pylist()]
    write_labels([pa.Table.from_pylist(rows, SCHEMA)], labels)
    assert write_sidecars(labels) == 1
    assert "mine" in changed.read_text()
    assert not stale.exists()
