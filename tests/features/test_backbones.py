from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from states import constant_state

from zsl_images.errors import BackboneError
from zsl_images.features.backbones import load_backbone, resolve_device


def test_the_embedded_default_needs_no_network() -> None:
    backbone = load_backbone(device="cpu")
    assert (backbone.name, backbone.feature_dim) == ("tf_efficientnet_lite0", 1280)
    assert backbone.preprocessing["mean"] == [0.5, 0.5, 0.5]
    assert backbone.weights_from.endswith("efficientnet-lite0-57934424.pth")
    assert not backbone.network.training
    assert not any(parameter.requires_grad for parameter in backbone.network.parameters())
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 80, 3), np.uint8))
    batch = torch.stack([backbone.transform(image)] * 2)
    features = backbone.features(batch)
    assert features.shape == (2, 1280)
    assert torch.isfinite(features).all()
    torch.testing.assert_close(features[0], features[1])
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
    image = backbone.transform(Image.new("RGB", (400, 300)))
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


def test_unknown_names_and_devices() -> None:
    with pytest.raises(BackboneError, match=r"unknown backbone 'resnet1O1'.*such as"):
        load_backbone("resnet1O1")
    with pytest.raises(BackboneError, match="'toaster' cannot be used"):
        resolve_device("toaster")
    assert resolve_device("cpu").type == "cpu"
