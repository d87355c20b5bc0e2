from __future__ import annotations

import json
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from states import constant_state

from zsl_images.errors import BackboneError
from zsl_images.features.backbone_network import load_network


def random_weights(name: str, path: Path, **options: object) -> Path:
    """Weights in the layout that timm publishes for a model."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        save_file(timm.create_model(name, **options).state_dict(), path)
    return path


@pytest.mark.parametrize(
    "name",
    [
        "convnext_atto",
        "test_vit",  # its class token, then the classifier
        "test_vit3",  # pooled, with a norm between pooling and classifier
        "test_efficientnet",
    ],
)
def test_a_linear_classifier_gives_its_rows(name: str, tmp_path: Path) -> None:
    network = load_network(name, random_weights(name, tmp_path / "w.safetensors"))
    assert network.classes is not None
    assert network.classes.rows.shape == (1000, network.feature_dim)
    full = timm.create_model(name, checkpoint_path=str(tmp_path / "w.safetensors")).eval()
    expected = full.get_classifier().weight.detach()
    torch.testing.assert_close(torch.from_numpy(network.classes.rows), expected)
    assert network.classes.labels[0].startswith("tench")
    assert network.classes.index_of("n01440764") == network.classes.index_of("0") == 0


@pytest.mark.parametrize("name", ["resnet101", "inception_v3"])
def test_torchvisions_classifiers_give_their_rows(name: str, tmp_path: Path) -> None:
    torch.save(constant_state(name), tmp_path / "w.pth")
    classes = load_network(name, tmp_path / "w.pth").classes
    assert classes is not None
    assert classes.rows.shape == (1000, 2048)


@pytest.mark.parametrize(
    ("name", "options", "reason"),
    [
        ("deit_tiny_distilled_patch16_224", {}, "2 classifiers, each on a token of its own"),
        ("test_vit", {"num_classes": 0}, "no linear classifier"),
    ],
)
def test_classifiers_that_do_not_read_the_feature_are_left_out(
    name: str, options: dict, reason: str, tmp_path: Path
) -> None:
    file = random_weights(name, tmp_path / "w.safetensors", **options)
    if options:
        with pytest.raises(BackboneError, match="do not fit"):
            load_network(name, file)
        return
    network = load_network(name, file)
    assert network.classes is None
    assert reason in network.without_classes


def test_image_size_and_pooling(tmp_path: Path) -> None:
    file = random_weights("test_vit", tmp_path / "w.safetensors")
    published = load_network("test_vit", file)
    larger = load_network("test_vit", file, image_size=192)
    assert larger.preprocessing["input_size"] == [3, 192, 192]
    assert larger.feature_dim == published.feature_dim
    averaged = load_network("test_vit", file, pooling="avg")
    assert averaged.preprocessing["pooling"] == "avg"
    assert averaged.classes is None
    assert "does not act linearly on its pooled feature" in averaged.without_classes
    wide = load_network(
        "test_efficientnet", random_weights("test_efficientnet", tmp_path / "e.safetensors"), 96
    )
    assert wide.preprocessing["input_size"] == [3, 96, 96]
    torch.save(constant_state("resnet101"), tmp_path / "r.pth")
    with pytest.raises(BackboneError, match="fixed"):
        load_network("resnet101", tmp_path / "r.pth", image_size=320)


def test_a_repository_of_the_model_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    random_weights("test_vit", tmp_path / "model.safetensors", num_classes=7)
    config = {"architecture": "test_vit", "num_classes": 7, "pretrained_cfg": {"num_classes": 7}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda _, file: str(tmp_path / file))
    network = load_network("hf-hub:someone/birds")
    assert network.classes is not None
    assert len(network.classes) == 7
    assert network.classes.labels == ()
    with pytest.raises(BackboneError, match="expected hf-hub:USER/MODEL"):
        load_network("hf-hub:birds")


def test_a_repository_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: None)
    with pytest.raises(BackboneError, match=r"someone/birds .config.json. is not in .*downloads are"):
        load_network("hf-hub:someone/birds")
