from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from drawing import COLOURS, draw

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import BackboneError, DataError, OutputError, OutputWarning
from zsl_images.features import engines
from zsl_images.head.export import Answerer
from zsl_images.model.mmvae import thawed

INPUTS = ("pixels", "attributes", "is_seen", "is_penalised")
EXAMPLE = Path(__file__).parent.parent / "examples" / "label_with_onnx.py"


@pytest.fixture
def pixels(trained: ZeroShotClassifier) -> np.ndarray:
    pictures = [draw(colour, seed) for colour in COLOURS for seed in range(60, 64)]
    return np.stack([trained.backbone.pixels(picture) for picture in pictures])


@pytest.fixture
def new(trained: ZeroShotClassifier) -> ClassTable:
    """A table that the head has never seen: known classes in another order, and others."""
    names = ("teal", "red", "pink", "blue", "olive", "green")
    rgb = np.array([COLOURS["cyan"], COLOURS["red"], (250, 150, 180), COLOURS["blue"], (128, 128, 0)])
    rgb = np.vstack([rgb, COLOURS["green"]])
    return ClassTable(
        names, trained.head.table.attribute_names, np.column_stack([rgb, rgb.mean(axis=1)])
    )


def run_onnx(file: Path, *values: np.ndarray) -> np.ndarray:
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(file)
    names = [given.name for given in session.get_inputs()]
    assert names == list(INPUTS)
    assert [given.name for given in session.get_outputs()] == ["probabilities"]
    found: np.ndarray = session.run(None, dict(zip(names, values, strict=True)))[0]
    return found


def run_openvino(file: Path, *values: np.ndarray) -> np.ndarray:
    openvino = pytest.importorskip("openvino")
    model = openvino.Core().compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    found: np.ndarray = model(dict(zip(INPUTS, values, strict=True)))["probabilities"]
    return found


@pytest.mark.parametrize(
    ("ending", "modules", "run"),
    [(".onnx", ("onnxruntime", "onnxscript"), run_onnx), (".xml", ("openvino",), run_openvino)],
)
def test_an_exported_head_classifies_with_a_table_it_has_never_seen(
    ending: str,
    modules: tuple[str, ...],
    run: Callable[..., np.ndarray],
    trained: ZeroShotClassifier,
    new: ClassTable,
    pixels: np.ndarray,
    tmp_path: Path,
) -> None:
    for module in modules:
        pytest.importorskip(module)
    file = tmp_path / f"head{ending}"
    trained.with_seen_penalty(1.5).export(file)
    for table in (new, new.select(["pink"]), trained.table):
        classifier = trained.with_seen_penalty(1.5).with_classes(table)
        table = classifier.table
        for photos in (pixels, pixels[:1]):
            found = run(file, photos, table.attributes, table.is_seen, classifier.head.penalised(table))
            decisions = classifier.label_features(trained.backbone.features(photos), len(table))
            expected = np.zeros_like(found)
            np.put_along_axis(expected, decisions.rows, decisions.probabilities, axis=1)
            np.testing.assert_allclose(found, expected, atol=1e-4)
            assert (found.argmax(axis=1) == decisions.rows[:, 0]).all()


def test_the_example_labels_photos_with_onnxruntime_and_numpy_alone(
    trained: ZeroShotClassifier, new: ClassTable, pixels: np.ndarray, tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    trained.export(tmp_path / "head.onnx")
    np.save(tmp_path / "pixels.npy", pixels)
    rows = zip(new.names, new.attributes.tolist(), strict=True)
    lines = [",".join(map(str, (name, *values))) for name, values in rows]
    (tmp_path / "new.csv").write_text("\n".join([",".join(("class", *new.attribute_names)), *lines]))
    assert len(EXAMPLE.read_text("utf-8").splitlines()) <= 35
    command = [sys.executable, str(EXAMPLE), "head.onnx", "new.csv", "pixels.npy"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    found = [line.split(",") for line in result.stdout.splitlines()]
    features = trained.backbone.features(pixels)
    expected = list(trained.with_classes(new).label_features(features).predictions())
    assert [label for label, _ in found] == [prediction.label for prediction in expected]
    probabilities = [prediction.probability for prediction in expected]
    np.testing.assert_allclose([float(share) for _, share in found], probabilities, atol=1e-4)


def test_the_file_says_what_it_takes(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    trained.export(tmp_path / "head.onnx")
    assert [path.name for path in tmp_path.iterdir()] == ["head.onnx"]
    metadata = onnxruntime.InferenceSession(tmp_path / "head.onnx").get_modelmeta()
    about = json.loads(metadata.custom_metadata_map["zsl_images"])
    assert tuple(about["attributes"]) == trained.head.table.attribute_names
    assert tuple(about["seen"]) == trained.head.table.seen_names
    assert about["preprocessing"] == trained.backbone.preprocessing


def test_a_head_whose_priors_are_shorter_the_less_sure_they_are_is_exported(
    trained: ZeroShotClassifier, new: ClassTable, pixels: np.ndarray, tmp_path: Path
) -> None:
    """ONNX has no Cholesky factor."""
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    frozen = trained.head.frozen
    config = replace(frozen.config, shrinkage=0.3, seen_length=1.15)
    head = replace(trained.head, frozen=type(frozen)(config, frozen.arrays))
    classifier = trained.with_head(head).with_classes(new)
    classifier.export(tmp_path / "head.onnx")
    table = classifier.table
    found = run_onnx(
        tmp_path / "head.onnx",
        pixels,
        table.attributes,
        table.is_seen,
        classifier.head.penalised(table),
    )
    expected = classifier.label_features(trained.backbone.features(pixels))
    np.testing.assert_allclose(found.max(axis=1), expected.probabilities[:, 0], atol=1e-4)


def test_the_network_answers_as_the_classifier_does(
    trained: ZeroShotClassifier, pixels: np.ndarray
) -> None:
    calibration = trained.head.calibration
    network = Answerer(
        trained.backbone.network().module,
        thawed(trained.head.frozen),
        calibration.seen_penalty,
        calibration.temperature,
    ).eval()
    table = trained.table
    inputs = (pixels, table.attributes, table.is_seen, trained.head.penalised(table))
    with torch.no_grad():
        found = network(*map(torch.from_numpy, inputs)).numpy()
    decisions = trained.label_features(trained.backbone.features(pixels), len(table))
    expected = np.take_along_axis(found, decisions.rows, axis=1)
    np.testing.assert_allclose(decisions.probabilities, expected, atol=1e-5)
    assert (found.argmax(axis=1) == decisions.rows[:, 0]).all()


def test_classes_that_moved_are_named(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    pytest.importorskip("openvino")
    push = np.ones(trained.head.config.latent_dim, np.float32)
    moved = trained.with_head(replace(trained.head, residuals={"cyan": push}))
    with pytest.warns(OutputWarning, match="by their attributes alone, .*: cyan"):
        moved.export(tmp_path / "head.xml")
    assert {path.name for path in tmp_path.iterdir()} == {"head.xml", "head.bin"}


def test_what_cannot_be_written_is_said_before_the_work(
    trained: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DataError, match=r"ends in \.onnx or \.xml"):
        trained.export(tmp_path / "head.pt")
    pytest.importorskip("openvino")
    with pytest.raises(OutputError, match="No such file"):
        trained.export(tmp_path / "none" / "head.xml")
    monkeypatch.setattr(engines, "_is_installed", lambda name: False)
    with pytest.raises(BackboneError, match=r"zsl-images\[onnx\]"):
        trained.export(tmp_path / "head.onnx")
    assert list(tmp_path.iterdir()) == []
