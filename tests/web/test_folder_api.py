"""The addresses under `/folder`: label, look, correct and export, all inside the root."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from drawing import draw
from starlette.testclient import TestClient

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.labelling.label import label as label_photos
from zsl_images.web.api import create_app


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for colour in ("red", "blue"):
        (tmp_path / "root" / "photos").mkdir(parents=True, exist_ok=True)
        draw(colour, 0).save(tmp_path / "root" / "photos" / f"{colour}.png")
    draw("green", 0).save(tmp_path / "secret.png")
    return tmp_path / "root"


@pytest.fixture
def api(trained: ZeroShotClassifier, root: Path) -> Iterator[TestClient]:
    with TestClient(create_app(trained, root=root), base_url="http://localhost") as client:
        yield client


def label(api: TestClient) -> None:
    assert api.post("/folder/label", json={"path": "photos"}).json()["path"] == "photos"
    for _ in range(500):
        if not api.get("/folder/run").json()["is_running"]:
            return
        time.sleep(0.02)
    pytest.fail("labelling does not end")


def test_a_folder_is_labelled_corrected_and_exported(api: TestClient, root: Path) -> None:
    assert api.get("/folder").json() == {"path": "", "folders": ["photos"], "is_labelled": False}
    label(api)
    assert api.get("/folder?path=photos").json()["is_labelled"]
    assert api.get("/folder/labels?path=photos").json() == {"red": 1, "blue": 1}
    page = api.get("/folder/rows", params={"path": "photos", "label": "blue"}).json()
    (row,) = page["rows"]
    assert (page["total"], row["label"], row["correction"]) == (1, "blue", None)
    body = {"path": "photos", "rows": [row["row"]], "labels": ["navy"]}
    assert api.post("/folder/corrections", json=body).json() == [None]
    export = api.get("/folder/export?path=photos").text.splitlines()
    assert export[0] == "path,label,given_by"
    assert f"{root / 'photos' / 'blue.png'},navy,person" in export
    assert (root / "photos" / "corrections.csv").is_file()


def test_thumbnails_are_those_of_rows_alone(api: TestClient) -> None:
    label(api)
    picture = api.get("/folder/thumbnail?path=photos&row=0")
    assert picture.headers["content-type"] == "image/jpeg"
    assert picture.content.startswith(b"\xff\xd8")
    assert api.get("/folder/thumbnail?path=photos&row=7").status_code == 422


def test_a_label_file_that_names_photos_elsewhere_shows_none(
    api: TestClient, root: Path, trained: ZeroShotClassifier
) -> None:
    label_photos(trained, root.parent / "secret.png", root / "photos" / "labels.parquet")
    answer = api.get("/folder/thumbnail?path=photos&row=0")
    assert answer.status_code == 422
    assert "outside" in answer.json()["detail"]


def test_folders_outside_and_unlabelled_ones_are_refused(api: TestClient) -> None:
    for address in ("?path=..", "?path=/etc", "/labels?path=..", "/rows?path=photos", "/export"):
        assert api.get(f"/folder{address}").status_code == 422, address
    assert api.post("/folder/label", json={"path": "../.."}).status_code == 422


def test_without_a_root_there_are_no_folders(trained: ZeroShotClassifier) -> None:
    with TestClient(create_app(trained), base_url="http://localhost") as client:
        assert client.get("/folder").status_code == 404
        assert client.get("/gallery").status_code == 200
