"""Frozen models: a trained model as NumPy arrays. It answers without torch, but cannot learn."""

from __future__ import annotations

from typing import Any

from zsl_images.errors import DataError
from zsl_images.model.config import ModelConfig
from zsl_images.model.formulas import VAEFormula
from zsl_images.model.frozen_parts import PARTS, Arrays, Part, Shapes, under


class FrozenVAE(VAEFormula):
    """A trained model that answers; see `mmvae.MultiModalVAE` for one that learns.

    Args:
        config: Sizes, and the names of the parts.
        arrays: All arrays of the model, as `shapes_of` lists them.

    Raises:
        DataError: A part has an unknown name.
    """

    def __init__(self, config: ModelConfig, arrays: Arrays) -> None:
        self.config, self.arrays = config, dict(arrays)
        for place, kind in _kinds(config).items():
            setattr(self, place, kind(config, under(arrays, place)))

    def __reduce__(self) -> Any:
        return FrozenVAE, (self.config, self.arrays)


def shapes_of(config: ModelConfig) -> Shapes:
    """The arrays that a model of these settings consists of, and their shapes.

    Raises:
        DataError: A part has an unknown name.
    """
    return {
        f"{place}.{name}": shape
        for place, kind in _kinds(config).items()
        for name, shape in kind.shapes(config).items()
    }


def _kinds(config: ModelConfig) -> dict[str, type[Part]]:
    """Place in a model → class of the part there."""
    for place, kinds in PARTS.items():
        if getattr(config, place) not in kinds:
            what, known = place.replace("_", " "), ", ".join(kinds)
            raise DataError(f"unknown {what} {getattr(config, place)!r}; expected one of {known}")
    return {place: kinds[getattr(config, place)] for place, kinds in PARTS.items()}
