from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from zsl_images.errors import BackboneError
from zsl_images.features.backbone_sources import TORCHVISION, from_timm


def test_weights_in_another_layout_are_refused_with_their_keys(tmp_path: Path) -> None:
    save_file({"nonsense": torch.zeros(2)}, tmp_path / "w.safetensors")
    with pytest.raises(BackboneError, match=r"do not fit backbone test_vit: .* 1 keys unknown"):
        from_timm("test_vit", tmp_path / "w.safetensors", None)


def test_a_timm_network_brings_its_published_settings(tmp_path: Path) -> None:
    model = timm.create_model("test_vit")
    save_file(model.state_dict(), tmp_path / "w.safetensors")
    network, settings, file = from_timm("test_vit", tmp_path / "w.safetensors", None)
    config = timm.data.resolve_model_data_config(model)
    assert settings["input_size"] == list(config["input_size"])
    assert settings["mean"] == list(config["mean"])
    assert file == tmp_path / "w.safetensors"
    for key, value in network.state_dict().items():
        assert torch.equal(value, model.state_dict()[key])


def test_torchvisions_networks_are_torchvisions() -> None:
    from torchvision import models

    assert set(TORCHVISION) <= set(models.list_models())
