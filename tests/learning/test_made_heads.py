from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
from safetensors.torch import save_file

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import BackboneError, CacheWarning, ClassTableError, DataError
from zsl_images.learning.made_heads import made_head, map_for
from zsl_images.learning.train import train

NAME = "test_efficientnet"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of a small network with a classifier, as timm publishes them."""
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file(timm.create_model(NAME).state_dict(), path)
    return path


@pytest.fixture(scope="module")
def animals() -> ClassTable:
    """A few animals, none of which is an ImageNet class of that name, and one that is."""
    return (
        ClassTable.read("imagenet-animals.csv").select(["zebra", "beaver"]).renamed({"beaver": "new"})
    )


def test_a_head_is_made_once_and_kept(weights: Path, animals: ClassTable) -> None:
    path, classes = made_head(NAME, animals, backbone_weights=weights)
    assert classes == 293
    assert made_head(NAME, animals, backbone_weights=weights) == (path, 0)
    data = path.read_bytes()
    for damaged in (data[:1000], data[:-100] + bytes([data[-100] ^ 1]) + data[-99:]):
        path.write_bytes(damaged)
        assert made_head(NAME, animals, backbone_weights=weights) == (path, 293)
    classifier = ZeroShotClassifier.load(path, backbone_weights=weights)
    assert classifier.classes == ("zebra", "new")
    (prediction,) = classifier.predict(np.zeros((40, 40, 3), np.uint8))
    assert {c.label: c.known_by for c in prediction.top} == {"zebra": "backbone", "new": "attributes"}


def test_a_made_head_is_exported_with_the_classes_that_it_knows(
    weights: Path, animals: ClassTable, tmp_path: Path
) -> None:
    openvino = pytest.importorskip("openvino")
    path, _ = made_head(NAME, animals, backbone_weights=weights)
    classifier = ZeroShotClassifier.load(path, backbone_weights=weights).with_seen_penalty(2.0)
    classifier.export(tmp_path / "head.xml")
    table, backbone = classifier.table, classifier.backbone
    model = openvino.Core().compile_model(
        tmp_path / "head.xml", "CPU", {"INFERENCE_PRECISION_HINT": "f32"}
    )
    size = backbone.preprocessing["input_size"]
    inputs = {
        "pixels": np.random.default_rng(0).integers(0, 255, (2, *size), np.uint8),
        "attributes": table.attributes,
        "is_seen": table.is_seen,
        "is_penalised": classifier.head.penalised(table),
    }
    found = model(inputs)["probabilities"]
    decisions = classifier.label_features(backbone.features(inputs["pixels"]), len(table))
    expected = np.take_along_axis(found, decisions.rows, axis=1)
    np.testing.assert_allclose(decisions.probabilities, expected, atol=0.02)  # engines round otherwise


def test_other_weights_or_classes_make_another_head(
    weights: Path, animals: ClassTable, tmp_path: Path
) -> None:
    path, _ = made_head(NAME, animals, backbone_weights=weights)
    save_file(timm.create_model(NAME).state_dict(), tmp_path / "others.safetensors")
    others, classes = made_head(NAME, animals, backbone_weights=tmp_path / "others.safetensors")
    assert others != path
    assert classes
    assert made_head(NAME, animals.select(["zebra"]), backbone_weights=weights)[0] != path


@pytest.mark.filterwarnings("ignore:.*missing cells")
def test_the_map_is_the_shipped_one_with_the_tables_attributes(animals: ClassTable) -> None:
    for table, name in (
        (animals, "imagenet-animals.csv"),
        (ClassTable.read("awa2.csv"), "imagenet-animals.csv"),
        (ClassTable.read("things.csv"), "things.csv"),
    ):
        found = map_for(table)
        assert found is not None
        assert found.path.name == name
    other = ClassTable(("a", "b"), ("size",), np.array([[1], [2]]))
    assert map_for(other) is None
    with pytest.raises(ClassTableError, match="no shipped map has the 1 attributes of this table"):
        made_head(NAME, other)


def test_missing_weights_are_named(animals: ClassTable, tmp_path: Path) -> None:
    with pytest.raises(BackboneError, match="nowhere does not exist"):
        made_head(NAME, animals, backbone_weights=tmp_path / "nowhere")


def test_without_photos_and_backbone_classes_there_is_nothing_to_learn_from() -> None:
    with pytest.raises(DataError, match="give backbone classes, and no recipe"):
        train(None, "things.csv")
    with pytest.raises(DataError, match="give backbone classes, and no recipe"):
        train(None, "things.csv", backbone_classes="things.csv", recipe="best")


def test_a_head_that_cannot_be_kept_is_used_all_the_same(
    weights: Path, animals: ClassTable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("ZSL_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.warns(CacheWarning, match="cannot be written") as warned:
        path, classes = made_head(NAME, animals, backbone_weights=weights)
    assert len(warned) == 1
    assert classes == 293
    assert ZeroShotClassifier.load(path, backbone_weights=weights).classes == ("zebra", "new")
