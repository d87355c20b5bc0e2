from __future__ import annotations

import json
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from states import constant_state

from zsl_images.errors import BackboneError, DataError
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
    state = constant_state(name)
    state["fc.weight"] = torch.randn(1000, 2048, generator=torch.Generator().manual_seed(0))
    torch.save(state, tmp_path / "w.pth")
    classes = load_network(name, tmp_path / "w.pth").classes
    assert classes is not None
    torch.testing.assert_close(torch.from_numpy(classes.rows), state["fc.weight"])
    assert classes.labels[0].startswith("tench")


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


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("test_vit", {"image_size": 100}),  # no multiple of its patches
        ("test_vit", {"pooling": "nonsense"}),
        ("test_vit3", {"pooling": "token"}),  # it has no class token
        ("test_efficientnet", {"pooling": "token"}),
    ],
)
def test_sizes_and_poolings_that_a_network_does_not_take_are_named(
    name: str, options: dict, tmp_path: Path
) -> None:
    file = random_weights(name, tmp_path / "w.safetensors")
    with pytest.raises(BackboneError, match=rf"backbone {name} does not take .*leave it out"):
        load_network(name, file, **options)
    with pytest.raises(DataError, match="image_size is -4, expected a whole number"):
        load_network(name, file, image_size=-4)


def open_clip_state(width: int, depth: int, patch: int, tokens: int, joint: int) -> dict:
    """Weights of a small CLIP model under the names that open_clip gives them, captions included."""
    generator = torch.Generator().manual_seed(0)

    def block(at: str) -> dict:
        shapes = {
            **{f"{norm}.{part}": (width,) for norm in ("ln_1", "ln_2") for part in ("weight", "bias")},
            **{"attn.in_proj_weight": (3 * width, width), "attn.in_proj_bias": (3 * width,)},
            **{"attn.out_proj.weight": (width, width), "attn.out_proj.bias": (width,)},
            **{"mlp.c_fc.weight": (4 * width, width), "mlp.c_fc.bias": (4 * width,)},
            **{"mlp.c_proj.weight": (width, 4 * width), "mlp.c_proj.bias": (width,)},
        }
        return {f"{at}.{key}": shape for key, shape in shapes.items()}

    shapes = {
        **{"positional_embedding": (7, width), "text_projection": (width, joint), "logit_scale": ()},
        **{
            "token_embedding.weight": (9, width),
            "ln_final.weight": (width,),
            "ln_final.bias": (width,),
        },
        **block("transformer.resblocks.0"),
        **{"visual.class_embedding": (width,), "visual.positional_embedding": (tokens, width)},
        **{"visual.proj": (width, joint), "visual.conv1.weight": (width, 3, patch, patch)},
        **{
            f"visual.{norm}.{part}": (width,)
            for norm in ("ln_pre", "ln_post")
            for part in ("weight", "bias")
        },
    }
    for number in range(depth):
        shapes |= block(f"visual.transformer.resblocks.{number}")
    return {key: torch.randn(shape, generator=generator) / 4 for key, shape in shapes.items()}


def test_checkpoints_of_open_clip_load_under_timms_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = open_clip_state(width=64, depth=2, patch=32, tokens=5, joint=24)
    save_file(state, tmp_path / "open_clip_model.safetensors")
    size = {"embed_dim": 64, "depth": 2, "num_heads": 2, "img_size": 64}
    config = {"architecture": "vit_base_patch32_clip_224", "num_classes": 24, "model_args": size}
    config["pretrained_cfg"] = {"num_classes": 24, "input_size": [3, 64, 64]}
    (tmp_path / "config.json").write_text(json.dumps(config))
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda _, file: str(tmp_path / file))
    network = load_network("hf-hub:someone/clip", tmp_path / "open_clip_model.safetensors")
    loaded = network.module.network.state_dict()
    torch.testing.assert_close(loaded["cls_token"][0, 0], state["visual.class_embedding"])
    torch.testing.assert_close(
        loaded["blocks.1.mlp.fc2.weight"], state["visual.transformer.resblocks.1.mlp.c_proj.weight"]
    )
    torch.testing.assert_close(loaded["norm.weight"], state["visual.ln_post.weight"])
    assert network.feature_dim == 64
    assert network.classes is None
    assert "leads to captions, not to classes" in network.without_classes


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
