from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest

from zsl_images.errors import DataError
from zsl_images.labelling.corrections import CORRECT_LABEL, read_corrections
from zsl_images.labelling.label_files import read_labels, write_labels


def _with_column(labels: Path, out: Path, values: list[str | None]) -> Path:
    (table,) = read_labels(labels)
    own = pa.schema([(CORRECT_LABEL, pa.string())])
    write_labels([table.append_column(own.field(0), pa.array(values, pa.string()))], out, own)
    return out


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_column_of_a_label_file_has_the_labels_of_people(
    labels: Path, tmp_path: Path, suffix: str
) -> None:
    edited = _with_column(labels, tmp_path / f"edited{suffix}", ["tiger", None, "cat", "", "unknown"])
    found = read_corrections(edited)
    assert {Path(path).name: label for path, label in found.items()} == {
        "1.jpg": "tiger",
        "2.jpg": "cat",
    }


def test_the_page_writes_pairs(tmp_path: Path) -> None:
    (tmp_path / "corrections.csv").write_text("path,label\n/a/1.jpg,lion\n'=b.jpg,'-x\n/c.jpg,\n")
    found = read_corrections(tmp_path / "corrections.csv")
    assert found == {"/a/1.jpg": "lion", "=b.jpg": "-x"}


def test_label_studio_exports_annotations(tmp_path: Path) -> None:
    def task(data: dict[str, str], label: str, **more: object) -> dict[str, object]:
        result = [{"value": {"choices": [label]}}] if label else []
        return {"data": data, "annotations": [{"result": result, **more}]}

    tasks = [
        task({"image": "/data/local-files/?d=/a/1%20b.jpg", "path": "/a/1 b.jpg"}, "lion"),
        task({"image": "/data/local-files/?d=a/2.jpg"}, "cat"),
        task({"path": "/a/3.jpg"}, "dog", was_cancelled=True),
        task({"path": "/a/4.jpg"}, ""),
        {"data": {"path": "/a/5.jpg"}, "predictions": [{"result": []}]},
    ]
    (tmp_path / "export.json").write_text(json.dumps(tasks))
    assert read_corrections(tmp_path / "export.json") == {"/a/1 b.jpg": "lion", "/a/2.jpg": "cat"}


def test_a_sorted_folder_has_labels_but_for_the_photos_without_one(tmp_path: Path) -> None:
    for name in ("lion", "unknown", "unlabelled"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "1.jpg").write_text("")
    assert read_corrections(tmp_path) == {str(tmp_path / "lion" / "1.jpg"): "lion"}


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("none.json", "{", "no JSON export of Label Studio"),
        ("none.json", "[]", "no labels by people"),
        ("none.csv", "a,b\n1,2\n", "no columns path and label"),
        ("none.csv", "path,label\n", "no labels by people"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=message):
        read_corrections(tmp_path / name)


def test_a_label_file_without_the_column_is_refused(labels: Path) -> None:
    with pytest.raises(DataError, match="no column correct_label"):
        read_corrections(labels)
