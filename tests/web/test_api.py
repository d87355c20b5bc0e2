"""The API labels photos, keeps their features, and lets classes be added."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from drawing import COLOURS
from starlette.testclient import TestClient

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.head.head_file import load_head
from zsl_images.web.api import create_app
from zsl_images.web.labeller import Labeller
from zsl_images.web.limits import Limits

VIOLET = {"redness": 140, "greenness": 40, "blueness": 200, "light": 380 / 3}


def sent(client: TestClient, *photos: tuple[str, bytes], **query: object):
    files = [("photos", (name, io.BytesIO(data))) for name, data in photos]
    return client.post("/predict", files=files, params=query)


def test_photos_of_a_form_are_labelled_in_their_order(client, photo) -> None:
    answer = sent(client, ("r.png", photo("red")), ("broken.png", b"no"), ("o.png", photo("orange")))
    assert answer.status_code == 200
    red, broken, orange = answer.json()
    assert (red["label"], red["is_seen"], red["error"]) == ("red", True, None)
    assert (orange["label"], orange["is_seen"], orange["path"]) == ("orange", False, "o.png")
    assert broken["id"] is None
    assert broken["error"].startswith("broken.png: not an image")


def test_one_photo_may_be_the_body(client, photo) -> None:
    (row,) = client.post("/predict?top_k=2&name=x.png", content=photo("blue")).json()
    assert (row["label"], row["path"], len(row["top"])) == ("blue", "x.png", 2)


def test_an_answer_says_why_if_asked(client, photo) -> None:
    (row,) = sent(client, ("r.png", photo("red")), explain=True).json()
    assert row["explanation"]["label"] == "red"
    assert row["explanation"]["nearest_seen"][0]["label"] == "red"
    assert {why["attribute"] for why in row["explanation"]["attributes"]} == set(VIOLET)


def test_if_no_photo_can_be_read_the_status_says_it(client) -> None:
    answer = sent(client, ("a.png", b"no"), ("b.png", b"no"))
    assert answer.status_code == 422
    assert "a.png" in answer.json()["detail"]
    assert "b.png" in answer.json()["detail"]


def test_a_new_class_wins_for_its_photo_without_a_new_upload(client, photo) -> None:
    (row,) = sent(client, ("m.png", photo("magenta"))).json()
    assert row["label"] == "magenta"
    pink = dict(zip(VIOLET, [*COLOURS["magenta"], sum(COLOURS["magenta"]) / 3], strict=True))
    far = dict.fromkeys(VIOLET, 40)
    for attributes, is_likely in ((pink, True), (far, False)):
        ranking = {
            "photos": [row["id"]],
            "classes": [{"name": "pink", "attributes": attributes}],
            "top_k": 9,
        }
        (again,) = client.post("/rank", json=ranking).json()
        of = {one["label"]: one["probability"] for one in again["top"]}
        assert len(of) == 9
        assert (of["pink"] > 0.1) is is_likely
        assert (again["id"], again["path"]) == (row["id"], "m.png")


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"redness": 1}, "missing"),
        (VIOLET | {"taste": 1}, "taste"),
        (VIOLET | {"redness": 9999}, "out of the table's range"),
        (VIOLET | {"redness": "much"}, "number"),
    ],
)
def test_a_class_that_cannot_be_used_is_refused_with_the_reason(client, attributes, reason) -> None:
    body = {"photos": [], "classes": [{"name": "violet", "attributes": attributes}]}
    answer = client.post("/rank", json=body)
    assert answer.status_code == 422
    assert reason in answer.text


def test_names_are_unique_and_classes_are_few(client) -> None:
    row = {"name": "red", "attributes": VIOLET}
    assert "red" in client.post("/table", json={"classes": [row]}).json()["detail"]
    many = [row | {"name": str(number)} for number in range(3)]
    assert "2 at most" in client.post("/table", json={"classes": many}).json()["detail"]


def test_the_oldest_photos_are_forgotten(client, photo) -> None:
    ids = [sent(client, ("r.png", photo("red"))).json()[0]["id"] for _ in range(7)]
    assert client.post("/rank", json={"photos": ids[1:]}).status_code == 200
    answer = client.post("/rank", json={"photos": ids[:1]})
    assert answer.status_code == 422
    assert "send it again" in answer.json()["detail"]


def test_classes_and_profiles_are_listed(client) -> None:
    listed = client.get("/classes").json()
    assert {"name": "orange", "known_by": "attributes"} in listed["classes"]
    assert [one["attribute"] for one in listed["attributes"]] == list(VIOLET)
    profile = client.get("/classes/red").json()
    assert profile["name"] == "red"
    assert profile["attributes"]["redness"] == 200
    assert sorted(profile["telling"]) == sorted(VIOLET)
    assert client.get("/classes/nonsense").status_code == 422


def test_a_class_of_the_table_can_be_changed(client, photo) -> None:
    listed = client.get("/table").json()
    assert listed["attributes"] == list(VIOLET)
    assert listed["rows"]["red"][:3] == [200, 40, 40]
    (row,) = sent(client, ("o.png", photo("orange"))).json()
    cyan = dict(zip(VIOLET, listed["rows"]["cyan"], strict=True))
    body = {"photos": [row["id"]], "changes": {"orange": cyan}}
    (again,) = client.post("/rank", json=body).json()
    assert (row["label"], again["label"] == "orange") == ("orange", False)
    assert "\norange,40,200,200," in client.post("/table", json=body).text


def test_the_table_and_the_head_are_saved_with_the_new_class(client, tmp_path: Path) -> None:
    body = {"classes": [{"name": "violet", "attributes": VIOLET}]}
    (tmp_path / "classes.csv").write_bytes(client.post("/table", json=body).content)
    table = ClassTable.read(tmp_path / "classes.csv")
    assert table.names == (*COLOURS, "violet")
    answer = client.post("/head", json=body)
    assert "head.safetensors" in answer.headers["content-disposition"]
    (tmp_path / "head.safetensors").write_bytes(answer.content)
    saved = load_head(tmp_path / "head.safetensors").table
    assert saved.names == table.names
    assert saved.unseen_names[-1] == "violet"


def test_pages_load_nothing_from_elsewhere(client) -> None:
    for path in ("/", "/docs"):
        page = client.get(path)
        assert page.status_code == 200
        assert page.headers["content-security-policy"].startswith("default-src 'self'")
        assert "http://" not in page.text
        assert "https://" not in page.text
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/classes", "/classes/{name}", "/predict", "/rank", "/table", "/head"} < set(paths)
    assert "multipart/form-data" in paths["/predict"]["post"]["requestBody"]["content"]


def test_photos_that_take_too_long_are_given_up(
    trained: ZeroShotClassifier, photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_over = threading.Event()
    monkeypatch.setattr(Labeller, "predict", lambda *_: is_over.wait(20) and [])
    app = create_app(trained, limits=Limits(labelling=0.05))
    with TestClient(app, base_url="http://localhost") as client:
        answer = client.post("/predict", content=photo("red"))
        is_over.set()
    assert answer.status_code == 422
    assert "not labelled within 0.05 seconds" in answer.json()["detail"]
