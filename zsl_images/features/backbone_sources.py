"""Published networks: timm's and torchvision's architectures, filled with the weights of one file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from zsl_images.errors import BackboneError
from zsl_images.features.backbone_weights import (
    EMBEDDED,
    embedded_file,
    given_file,
    hub_config,
    hub_file,
    hub_weights,
    in_timm_layout,
    load_strictly,
    read_weights,
    timm_file,
)

TORCHVISION = ("resnet101", "inception_v3", "googlenet")
"""Networks from torchvision, with its IMAGENET1K_V1 weights; other names are timm's."""


Published = tuple[nn.Module, dict[str, Any], Path]
"""Network, settings of its preprocessing, and the file that the weights were read from."""


def from_torchvision(name: str, weights: str | os.PathLike[str] | None) -> Published:
    """One of `TORCHVISION`.

    Raises:
        BackboneError: Its weights are not available or do not fit.
    """
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


def from_timm(
    name: str,
    weights: str | os.PathLike[str] | None,
    image_size: int | None,
) -> Published:
    """Any model of timm, or `hf-hub:USER/MODEL`.

    Args:
        name: Name of the model.
        weights: See `load_backbone`.
        image_size: Side of the pictures in pixels, or None for the published one.

    Raises:
        BackboneError: The name is unknown, or its weights are not available or do not fit.
    """
    import timm

    if name.startswith("hf-hub:"):
        return _from_hub(name, weights, image_size)
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
    return _filled(name, name, state, file, image_size)


def _from_hub(
    name: str,
    weights: str | os.PathLike[str] | None,
    image_size: int | None,
) -> Published:
    """A timm model of someone's repository on the model hub, named `hf-hub:USER/MODEL`."""
    file = hub_config(name)
    config = json.loads(file.read_text("utf-8"))
    settings = config.get("pretrained_cfg", config) | {"architecture": config["architecture"]}
    if "num_classes" in config:
        settings["num_classes"] = config["num_classes"]
    weights_file = given_file(weights) if weights is not None else hub_weights(name)
    state = read_weights(weights_file)
    options = {**config.get("model_args", {}), "pretrained_cfg": settings}
    return _filled(name, config["architecture"], state, weights_file, image_size, **options)


def _filled(
    name: str,
    architecture: str,
    state: Mapping[str, Tensor],
    file: Path,
    image_size: int | None,
    **options: Any,
) -> Published:
    """A timm model with these weights, which may be in another layout that timm knows."""
    import timm

    with_size = {"img_size": image_size} if image_size else {}
    overlay = {"state_dict": dict(state), "custom_load": False}
    try:
        model = _created(architecture, options, with_size, pretrained_cfg_overlay=overlay)
    except (RuntimeError, AssertionError, KeyError):
        model = _created(architecture, options, with_size)
        load_strictly(model, state, name, file)
    timm_data: Any = timm.data  # it has no types
    config = timm_data.resolve_model_data_config(model)
    if image_size:
        config["input_size"] = (3, image_size, image_size)
    return model, json.loads(json.dumps({"library": "timm", **config})), file


def _created(
    architecture: str, options: Mapping[str, Any], with_size: Mapping[str, Any], **overlay: Any
) -> nn.Module:
    """The network; its image size is an option of networks with position embeddings only.

    The classifier stays until the weights are in, since timm loads strictly only then.
    """
    import timm

    settings = {**options, **overlay, "pretrained": bool(overlay)}
    try:
        return timm.create_model(architecture, **settings, **with_size)
    except TypeError:
        if not with_size:
            raise
        return timm.create_model(architecture, **settings)
