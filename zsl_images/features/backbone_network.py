"""Networks: published architectures with their weights, and what their classifiers know."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from zsl_images.arguments import count
from zsl_images.errors import BackboneError
from zsl_images.features.backbone_classes import BackboneClasses
from zsl_images.features.backbone_sources import TORCHVISION, from_timm, from_torchvision

_SUBSETS = {
    1000: "imagenet-1k",
    11221: "imagenet-21k-miil",
    11821: "imagenet-12k",
    21841: "imagenet-22k",
    21843: "imagenet-21k-goog",
}
"""Size of a classifier → timm's name of the classes that it knows."""


@dataclass(frozen=True, eq=False)
class Network:
    """A frozen network with its weights.

    Args:
        module: uint8 images (B, 3, H, W) → features (B, D), including the published normalisation; in
            eval mode, without gradients.
        feature_dim: Width D of its features.
        preprocessing: Settings of its preprocessing, as plain data; see `pixels.pixels_of`.
        weights_from: File that the weights were read from.
        weights_sha256: Hash of the names, shapes and values of the weights, the same for a .pth and a
            .safetensors file of the same weights.
        classes: What the network's own classifier knows, if it acts linearly on the features.
        without_classes: Why there are none.
    """

    module: nn.Module
    feature_dim: int
    preprocessing: Mapping[str, Any]
    weights_from: str
    weights_sha256: str
    classes: BackboneClasses | None = None
    without_classes: str = ""


def load_network(
    name: str,
    weights: str | os.PathLike[str] | None = None,
    image_size: int | None = None,
    pooling: str | None = None,
) -> Network:
    """Load a network and its weights; see `load_backbone`.

    Raises:
        BackboneError: The name is unknown, the weights are not available or do not fit, or the network
            gives no features (B, D), or none of this size or pooling.
    """
    if image_size is not None:
        count("image_size", image_size)
    if name in TORCHVISION:
        if image_size or pooling:
            raise BackboneError(
                f"{name} is torchvision's, whose image size and pooling are fixed; leave them out, or "
                "choose a timm model"
            )
        model, preprocessing, file = from_torchvision(name, weights)
    else:
        with _refusing(name, image_size, pooling):
            model, preprocessing, file = from_timm(name, weights, image_size)
    model.eval().requires_grad_(False)
    module = _Normalised(model, preprocessing["mean"], preprocessing["std"]).eval()
    size, generator = preprocessing["input_size"], torch.Generator().manual_seed(0)
    with _refusing(name, image_size, pooling), torch.inference_mode():
        picture = 255 * torch.rand(2, *size, generator=generator)
        logits = module(picture)
        classifiers = _without_classifier(model, pooling)
        feature = module(picture)
    if not isinstance(feature, Tensor) or feature.ndim != 2:
        shape = tuple(feature.shape) if isinstance(feature, Tensor) else type(feature).__name__
        raise BackboneError(
            f"backbone {name} gives features of shape {shape}, expected (B, D); choose a "
            "classification network"
        )
    if pooling:
        preprocessing = {**preprocessing, "pooling": pooling}
    classes, why_not = _classes(name, classifiers, logits, feature)
    return Network(
        module=module,
        feature_dim=feature.shape[1],
        preprocessing=preprocessing,
        weights_from=str(file),
        weights_sha256=_sha256_of_weights(model),
        classes=classes,
        without_classes=why_not,
    )


@contextmanager
def _refusing(name: str, image_size: int | None, pooling: str | None) -> Iterator[None]:
    """Say that a network does not take the image size or pooling that was asked for."""
    asked = [f"pictures of {image_size} pixels"] if image_size else []
    asked += [f"the pooling {pooling!r}"] if pooling else []
    try:
        yield
    except (AssertionError, AttributeError, RuntimeError, TypeError) as error:  # timm has no own errors
        if not asked:
            raise
        raise BackboneError(
            f"backbone {name} does not take {' and '.join(asked)} ({error}); choose another value, or "
            "leave it out for what was published"
        ) from error


def _without_classifier(model: nn.Module, pooling: str | None) -> tuple[nn.Module, ...]:
    """Take the classifiers off a network, so that it gives features pooled in this way."""
    if isinstance(getattr(model, "fc", None), nn.Linear) and not hasattr(model, "reset_classifier"):
        classifiers = (cast(nn.Module, model.fc),)
        model.fc = nn.Identity()
        return classifiers
    timm_model = cast(Any, model)
    found = timm_model.get_classifier()
    timm_model.reset_classifier(0, *([pooling] if pooling else []))
    return tuple(found) if isinstance(found, Iterable) else (found,)


def _classes(
    name: str, classifiers: tuple[nn.Module, ...], logits: Tensor, features: Tensor
) -> tuple[BackboneClasses | None, str]:
    """What a classifier knows, if its logits (B, C) are linear in the features (B, D); else why not."""
    if len(classifiers) != 1:
        return None, (
            f"{name} has {len(classifiers)} classifiers, each on a token of its own, and none of them "
            "reads the pooled feature"
        )
    (classifier,) = classifiers
    if not isinstance(classifier, nn.Linear):
        return None, f"{name} has no linear classifier, but {type(classifier).__name__}"
    if classifier.in_features != features.shape[1]:
        return None, (
            f"the classifier of {name} reads {classifier.in_features} values, not the "
            f"{features.shape[1]} of the pooled feature"
        )
    found = classifier(features)
    scale = float(logits.abs().max()) if logits.shape == found.shape else 0.0
    if logits.shape != found.shape or not torch.allclose(found, logits, atol=1e-3 * scale + 1e-6):
        return None, f"the classifier of {name} does not act linearly on its pooled feature"
    if "clip" in name and len(classifier.weight) not in _SUBSETS and _has_no_bias(classifier):
        return None, f"the last layer of {name} leads to captions, not to classes"
    labels, wnids = _class_names(len(classifier.weight))
    return BackboneClasses(classifier.weight.detach().clone().numpy(), labels, wnids), ""


def _has_no_bias(classifier: nn.Linear) -> bool:
    return classifier.bias is None or not classifier.bias.any()


def _class_names(number: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Labels and WordNet ids of a classifier with `number` classes, as far as timm knows them."""
    from timm.data.imagenet_info import ImageNetInfo

    if number not in _SUBSETS:
        return (), ()
    info = ImageNetInfo(_SUBSETS[number])
    wnids = tuple(info.index_to_label_name(index) for index in range(number))
    return tuple(info.index_to_description(index) for index in range(number)), wnids


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


def _sha256_of_weights(model: nn.Module) -> str:
    digest = hashlib.sha256()
    for key, tensor in sorted(model.state_dict().items()):
        digest.update(f"{key} {tuple(tensor.shape)} {tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()
