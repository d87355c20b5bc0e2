from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pyarrow as pa
import pytest
from drawing import draw

from zsl_images.labelling.exports import write_coco, write_label_studio
from zsl_images.labelling.label_files import write_labels
from zsl_images.labelling.label_schema import SCHEMA


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


def test_coco_numbers_classes_as_the_head_does(tmp_path: Path) -> None:
    classes = ["lion", "tiger", "zebra"]
    found = {}
    for file, labels in (("one", ["zebra", None]), ("other", ["tiger", "zebra", "okapi"])):
        rows = [{"path": str(tmp_path / f"{n}.png"), "label": name} for n, name in enumerate(labels)]
        write_labels([pa.Table.from_pylist(rows, SCHEMA)], tmp_path / f"{file}.csv")
        write_coco(tmp_path / f"{file}.csv", tmp_path / f"{file}.json", classes)
        coco = json.loads((tmp_path / f"{file}.json").read_text())
        found[file] = {one["name"]: one["id"] for one in coco["categories"]}
        assert [a["category_id"] for a in coco["annotations"]] == [
            found[file][name or "unlabelled"] for name in labels
        ]
    assert found["one"] == {"lion": 1, "tiger": 2, "zebra": 3, "unlabelled": 0}
    assert found["other"] == {"lion": 1, "tiger": 2, "zebra": 3, "okapi": 4}


def test_coco_has_the_fields_that_other_programs_need(tmp_path: Path) -> None:
    draw("red", 0, (60, 40)).save(tmp_path / "there.png")
    rows = [{"path": str(tmp_path / name), "label": "lion"} for name in ("there.png", "gone.png")]
    write_labels([pa.Table.from_pylist(rows, SCHEMA)], tmp_path / "labels.csv")
    write_coco(tmp_path / "labels.csv", tmp_path / "coco.json", ["lion"])
    coco = json.loads((tmp_path / "coco.json").read_text())
    assert set(coco) == {"info", "licenses", "categories", "images", "annotations"}
    there, gone = coco["images"]
    assert (there["width"], there["height"]) == (60, 40)
    assert "width" not in gone
    assert coco["annotations"][0]["bbox"] == [0, 0, 60, 40]
    assert coco["annotations"][0]["score"] is None  # somebody has emptied the cell


def test_coco_is_read_by_its_own_tools(tmp_path: Path) -> None:
    coco = pytest.importorskip("pycocotools.coco")
    known = {"probability": 0.5, "width": 6, "height": 4}
    rows = [
        {"path": f"{tmp_path}/{number}.png", "label": label, **known}
        for number, label in enumerate(["lion", "zebra", "lion", None])
    ]
    write_labels([pa.Table.from_pylist(rows, SCHEMA)], tmp_path / "labels.csv")
    write_coco(tmp_path / "labels.csv", tmp_path / "coco.json", ["tiger", "lion", "zebra"])
    truth = coco.COCO(str(tmp_path / "coco.json"))
    assert truth.getCatIds(catNms=["lion"]) == [2]
    assert [one["file_name"] for one in truth.loadImgs(truth.getImgIds(catIds=[2]))] == [
        f"{tmp_path}/{number}.png" for number in (0, 2)
    ]
    assert truth.getAnnIds(areaRng=[20, 30]) == [1, 2, 3, 4]
    found = truth.loadRes(list(truth.anns.values()))
    assert found.anns[1]["bbox"] == [0, 0, 6, 4]


def test_coco_takes_sizes_from_the_rows_and_opens_photos_without_one(tmp_path: Path) -> None:
    draw("red", 0, (60, 40)).save(tmp_path / "there.png")
    sizes = [
        ("gone.png", 640, 480),
        ("there.png", 6, 4),
        ("there.png", None, None),
        ("there.png", 6, 0),
    ]
    rows = [
        {"path": str(tmp_path / name), "label": "lion", "width": width, "height": height}
        for name, width, height in sizes
    ]
    write_labels([pa.Table.from_pylist(rows, SCHEMA)], tmp_path / "labels.csv")
    write_coco(tmp_path / "labels.csv", tmp_path / "coco.json")
    coco = json.loads((tmp_path / "coco.json").read_text())
    found = [(image["width"], image["height"]) for image in coco["images"]]
    assert found == [(640, 480), (6, 4), (60, 40), (60, 40)]
    assert [one["bbox"][2:] for one in coco["annotations"]] == [list(size) for size in found]


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


def test_label_studio_finds_photos_of_any_name(tmp_path: Path) -> None:
    names = ["a & b.jpg", "a #1.jpg", "a+b.jpg", "5%25.jpg", "a?d=b.jpg", "ü ;=.jpg"]
    rows = [{"path": str(tmp_path / name), "label": "lion"} for name in names]
    write_labels([pa.Table.from_pylist(rows, SCHEMA)], tmp_path / "labels.csv")
    write_label_studio(tmp_path / "labels.csv", tmp_path / "tasks.json")
    for task in json.loads((tmp_path / "tasks.json").read_text()):
        (found,) = parse_qs(urlsplit(task["data"]["image"]).query)["d"]
        assert found == task["data"]["path"]
