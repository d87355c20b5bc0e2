from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from states import constant_state

from zsl_images.errors import BackboneError
from zsl_images.features.backbones import load_backbone, recorded_backbone


def test_the_embedded_default_needs_no_network() -> None:
    backbone = load_backbone(device="cpu")
    assert (backbone.name, backbone.feature_dim) == ("tf_efficientnet_lite0", 1280)
    assert backbone.preprocessing["mean"] == [0.5, 0.5, 0.5]
    network = backbone.network().module
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8))
    batch = np.stack([backbone.pixels(image)] * 2)
    features = backbone.features(batch)
    assert features.shape == (2, 1280)
    assert np.isfinite(features).all()
    np.testing.assert_allclose(features[0], features[1], rtol=1e-5)
    again = load_backbone(device="cpu")
    assert again.fingerprint == backbone.fingerprint


@pytest.mark.parametrize(
    ("name", "width", "side"),
    [("resnet101", 2048, 224), ("inception_v3", 2048, 299), ("googlenet", 1024, 224)],
)
def test_torchvision_backbones_load_a_local_file(
    tmp_path: Path, name: str, width: int, side: int
) -> None:
    torch.save(constant_state(name), tmp_path / "weights.pth")
    backbone = load_backbone(name, tmp_path / "weights.pth", device="cpu", engine="torch")
    assert backbone.feature_dim == width
    assert backbone.preprocessing["input_size"] == [3, side, side]
    assert backbone.preprocessing["mean"] == [0.485, 0.456, 0.406]
    image = backbone.pixels(Image.new("RGB", (400, 300)))
    assert image.shape == (3, side, side)
    assert backbone.features(image[None]).shape == (1, width)


def test_the_hash_is_of_the_weights_not_of_the_file(tmp_path: Path) -> None:
    state = timm.create_model("test_vit").state_dict()
    torch.save({"state_dict": state}, tmp_path / "a.pth")
    save_file(state, tmp_path / "b.safetensors")
    first, second = (
        load_backbone("test_vit", tmp_path / name, device="cpu") for name in ("a.pth", "b.safetensors")
    )
    assert first.weights_sha256 == second.weights_sha256
    state["cls_token"] = state["cls_token"] + 1
    save_file(state, tmp_path / "c.safetensors")
    assert load_backbone("test_vit", tmp_path / "c.safetensors").weights_sha256 != first.weights_sha256


def test_unknown_names() -> None:
    with pytest.raises(BackboneError, match=r"unknown backbone 'resnet1O1'.*such as"):
        load_backbone("resnet1O1")


def test_a_converted_network_answers_without_torch() -> None:
    program = """
import json, sys
import numpy as np
from zsl_images.features.backbones import recorded_backbone
backbone = recorded_backbone("tf_efficientnet_lite0", sys.argv[1], json.loads(sys.argv[2]), 1280, "cpu")
print(backbone.features(np.zeros((1, 3, 224, 224), np.uint8)).shape, "torch" in sys.modules)
"""
    backbone = load_backbone(device="cpu", engine="openvino")
    assert backbone.features(np.zeros((1, 3, 224, 224), np.uint8)).shape == (1, 1280)
    settings = json.dumps(backbone.preprocessing)
    command = [sys.executable, "-c", program, backbone.weights_sha256, settings]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["(1,", "1280)", "False"]


def test_weights_that_are_not_those_of_the_record_are_refused() -> None:
    backbone = load_backbone(device="cpu", engine="torch")
    other = recorded_backbone(
        backbone.name, "0" * 64, backbone.preprocessing, 1280, device="cpu", engine="torch"
    )
    with pytest.raises(BackboneError, match=r"has weights \(sha256\) .*--backbone-weights"):
        _ = other.engine


def test_a_backbone_is_pickled_without_its_engine() -> None:
    backbone = load_backbone(engine="torch")
    recorded = recorded_backbone(
        backbone.name, backbone.weights_sha256, backbone.preprocessing, 1280, engine="torch"
    )
    picture = np.zeros((1, 3, 224, 224), np.uint8)
    expected = backbone.features(picture)
    for one in (backbone, recorded):
        assert one.engine is not None
        again = pickle.loads(pickle.dumps(one))
        assert "engine" not in vars(again)
        np.testing.assert_allclose(again.features(picture), expected, atol=1e-5)
