"""Frozen parts: formulas with the NumPy arrays of a trained model.

Letters: B batch, S seen classes, D feature, P scaled feature, A attribute, L latent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from zsl_images.model.arrays import Array
from zsl_images.model.config import ModelConfig
from zsl_images.model.formulas import (
    CentredFormula,
    DecoderFormula,
    EvidenceFormula,
    KernelFormula,
    LengthFormula,
    MaxFormula,
    MeanFormula,
    ResidualFormula,
    ShiftFormula,
    StandardFormula,
    WhitenedFormula,
    prior_widths,
)
from zsl_images.model.latent_space import space_of

Arrays = Mapping[str, npt.NDArray[Any]]
"""Arrays by the names that torch's `state_dict` gives them."""

Shapes = dict[str, tuple[int, ...]]
"""The shape of each of these arrays."""


class Part:
    """A part of a frozen model: its formula, with the arrays as attributes.

    Args:
        config: Sizes.
        arrays: Arrays of `shapes(config)`.
    """

    def __init__(self, config: ModelConfig, arrays: Arrays) -> None:
        self.config = config
        vars(self).update(arrays)

    def __call__(self, x: Array) -> Array:
        """What the part computes."""
        return self.forward(x)

    def forward(self, x: Array) -> Array:
        """The formula, (B, ...) → (B, ...)."""
        raise NotImplementedError

    @staticmethod
    def shapes(config: ModelConfig) -> Shapes:
        """Its arrays; without any, as here, there is nothing to learn."""
        return {}


class FrozenMaxScaling(MaxFormula, Part):
    """See `scalings.MaxScaling`."""

    @staticmethod
    def shapes(config: ModelConfig) -> Shapes:
        """The scale."""
        return {"scale": ()}


class FrozenWhitenedScaling(WhitenedFormula, Part):
    """See `scalings.WhitenedScaling`."""

    @staticmethod
    def shapes(config: ModelConfig) -> Shapes:
        """Centre and projection."""
        width = config.feature_dim
        return {"centre": (width,), "projection": (config.latent_dim, width)}


class FrozenLengthScaling(LengthFormula, Part):
    """See `scalings.LengthScaling`."""


class FrozenCentredScaling(CentredFormula, Part):
    """See `scalings.CentredScaling`."""

    @staticmethod
    def shapes(config: ModelConfig) -> Shapes:
        """Shift."""
        return {"shift": (config.attribute_dim,)}


class FrozenStandardScaling(StandardFormula, Part):
    """See `scalings.StandardScaling`."""

    @staticmethod
    def shapes(config: ModelConfig) -> Shapes:
        """Shift and scale."""
        return {"shift": (config.attribute_dim,), "scale": (config.attribute_dim,)}


class FrozenShift(ShiftFormula, Part):
    """See `encoder_decoder.Shift`."""


class FrozenResidual(ResidualFormula, Part):
    """See `encoder_decoder.Residual`."""


class FrozenLinear(Part):
    """`nn.Linear`."""

    weight: Array
    bias: Array

    def forward(self, x: Array) -> Array:
        """(B, W) → (B, V)."""
        return x @ self.weight.T + self.bias


class FrozenLayers(Part):
    """The layers of `encoder_decoder.dense`, as torch defines them, in eval mode; without any, x."""

    def __init__(self, config: ModelConfig, arrays: Arrays) -> None:
        super().__init__(config, {})
        numbers = sorted({int(name.partition(".")[0]) for name in arrays})
        self.layers = [under(arrays, str(number)) for number in numbers]

    def forward(self, x: Array) -> Array:
        """(B, W) → (B, V)."""
        for layer in self.layers:
            weight, bias = layer["weight"], layer["bias"]
            if "running_var" in layer:
                x = (x - layer["running_mean"]) / np.sqrt(layer["running_var"] + np.float32(1e-5))
                x = x * weight + bias
            else:
                x = x @ weight.T + bias
                x = np.where(x > 0, x, np.float32(self.config.negative_slope) * x)
        return x


class FrozenEncoder(MeanFormula, Part):
    """See `encoder_decoder.Encoder`; this one gives means alone."""

    mu_kind: ClassVar[type[Part]] = FrozenLinear

    def __init__(self, config: ModelConfig, arrays: Arrays) -> None:
        super().__init__(config, {})
        self.space = space_of(config.radius)
        self.hidden = FrozenLayers(config, under(arrays, "hidden"))
        self.mu = self.mu_kind(config, under(arrays, "mu"))

    @staticmethod
    def shapes(config: ModelConfig) -> Shapes:
        """Hidden layers, mu and logvar."""
        widths = (_scaled_width(config), *config.encoder_hidden)
        return {
            **_dense(widths, config, config.encoder_dropout),
            **_linear("mu", widths[-1], config.latent_dim),
            **_linear("logvar", widths[-1], config.latent_dim),
        }


class FrozenShiftEncoder(FrozenEncoder):
    """See `encoder_decoder.ShiftEncoder`."""

    mu_kind = FrozenShift

    @staticmethod
    def shapes(config: ModelConfig) -> Shapes:
        """Shift and logvar."""
        return {"mu.bias": (config.latent_dim,), **_linear("logvar", *2 * (config.latent_dim,))}


class FrozenResidualEncoder(FrozenEncoder):
    """See `encoder_decoder.ResidualEncoder`."""

    mu_kind = FrozenResidual

    @staticmethod
    def shapes(config: ModelConfig) -> Shapes:
        """Difference from the identity, and logvar."""
        square = 2 * (config.latent_dim,)
        return {"mu.weight": square, **_linear("logvar", *square)}


class FrozenDecoder(DecoderFormula, Part):
    """See `encoder_decoder.DenseDecoder`."""

    def __init__(self, config: ModelConfig, arrays: Arrays) -> None:
        super().__init__(config, {})
        self.hidden = FrozenLayers(config, under(arrays, "hidden"))
        self.mean = FrozenLinear(config, under(arrays, "mean"))

    @staticmethod
    def shapes(config: ModelConfig) -> Shapes:
        """Hidden layers and mean."""
        widths = (config.latent_dim, *config.decoder_hidden)
        return {
            **_dense(widths, config, config.decoder_dropout),
            **_linear("mean", widths[-1], _scaled_width(config)),
        }


class FrozenLinearDecoder(FrozenDecoder):
    """See `encoder_decoder.LinearDecoder`."""

    @staticmethod
    def shapes(config: ModelConfig) -> Shapes:
        """The mean."""
        return _linear("mean", config.latent_dim, _scaled_width(config))


class FrozenDensePrior(FrozenEncoder):
    """See `priors.DensePrior`."""

    def forward(self, a: Array) -> Array:
        """Class priors mu(a) of scaled attributes: (K, A) → (K, L)."""
        return self.mean(a)

    @staticmethod
    def shapes(config: ModelConfig) -> Shapes:
        """Hidden layers and mu."""
        widths = prior_widths(config)
        return {
            **_dense(widths[:-1], config, config.prior_dropout),
            **_linear("mu", widths[-2], config.latent_dim),
        }


class FrozenKernelPrior(KernelFormula, Part):
    """See `priors.KernelPrior`."""

    @cached_property
    def _whitener(self) -> Array:
        return super().whitener()

    def whitener(self) -> Array:
        """F⁻¹, which is computed once: (S, S)."""
        return self._whitener

    @staticmethod
    def shapes(config: ModelConfig) -> Shapes:
        """Centres with their weights, bandwidth and relevance."""
        return {
            "centres": (config.seen_classes + config.row_classes, config.attribute_dim),
            "bandwidth": (),
            "relevance": (config.attribute_dim,),
            "weight": (config.seen_classes + config.row_classes, config.latent_dim),
        }


class FrozenEvidencePrior(EvidenceFormula, FrozenKernelPrior):
    """See `priors.EvidencePrior`."""

    @staticmethod
    def shapes(config: ModelConfig) -> Shapes:
        """Those of a kernel prior, numbers of photos and places of rows."""
        return {
            **FrozenKernelPrior.shapes(config),
            "photos": (config.seen_classes,),
            "places": (config.row_classes, config.latent_dim),
        }


PARTS: dict[str, dict[str, type[Part]]] = {
    "feature_scaling": {"max": FrozenMaxScaling, "whitened": FrozenWhitenedScaling},
    "attribute_scaling": {
        "length": FrozenLengthScaling,
        "centred": FrozenCentredScaling,
        "standard": FrozenStandardScaling,
    },
    "encoder": {
        "dense": FrozenEncoder,
        "shift": FrozenShiftEncoder,
        "residual": FrozenResidualEncoder,
    },
    "decoder": {"dense": FrozenDecoder, "linear": FrozenLinearDecoder},
    "prior": {
        "dense": FrozenDensePrior,
        "kernel": FrozenKernelPrior,
        "evidence": FrozenEvidencePrior,
    },
}
"""Place in a model → name in a `ModelConfig` → class."""


def under(arrays: Arrays, place: str) -> Arrays:
    """The arrays below a place, by their names there."""
    start = f"{place}."
    return {name[len(start) :]: array for name, array in arrays.items() if name.startswith(start)}


def _scaled_width(config: ModelConfig) -> int:
    """P."""
    return config.feature_dim if config.feature_scaling == "max" else config.latent_dim


def _linear(name: str, width_in: int, width_out: int) -> Shapes:
    return {f"{name}.weight": (width_out, width_in), f"{name}.bias": (width_out,)}


def _dense(widths: Sequence[int], config: ModelConfig, dropout: float) -> Shapes:
    """The arrays of `encoder_decoder.dense`, under `hidden`."""
    shapes: Shapes = {}
    step = 2 + config.batch_norm + (dropout > 0)  # layers from one dense layer to the next
    for number, (width_in, width_out) in enumerate(pairwise(widths)):
        shapes |= _linear(f"hidden.{number * step}", width_in, width_out)
        if config.batch_norm:
            norm = f"hidden.{number * step + 2}"
            names = ("weight", "bias", "running_mean", "running_var")
            shapes |= {f"{norm}.{name}": (width_out,) for name in names}
            shapes[f"{norm}.num_batches_tracked"] = ()
    return shapes
