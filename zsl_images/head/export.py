"""Export: a backbone and its head as one network, which takes class tables it has never seen."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor, nn

from zsl_images.errors import DataError, OutputWarning, listed
from zsl_images.features.backbones import Backbone
from zsl_images.features.conversion import write_onnx, write_openvino
from zsl_images.features.engines import resolve_engine
from zsl_images.files import check_writable, replacing
from zsl_images.head.feature_classifier import FeatureClassifier
from zsl_images.model.mmvae import MultiModalVAE, thawed
from zsl_images.model.priors import KernelPrior
from zsl_images.model.scoring import class_probabilities, penalised
from zsl_images.version import __version__

ENGINE_OF = {".onnx": "onnx", ".xml": "openvino"}
"""Ending of an exported file → engine that runs it."""

_ROWS = {"pixels": "batch", **dict.fromkeys(("attributes", "is_seen", "is_penalised"), "classes")}


class Answerer(nn.Module):
    """Pixels and a class table in, probabilities out.

    Args:
        backbone: uint8 images (B, 3, H, W) → features (B, D).
        model: Model of the head.
        seen_penalty: γ.
        temperature: Temperature of the softmax.
    """

    def __init__(
        self, backbone: nn.Module, model: MultiModalVAE, seen_penalty: float, temperature: float
    ) -> None:
        super().__init__()
        self.backbone, self.model = backbone, model
        self.seen_penalty, self.temperature = seen_penalty, temperature

    def forward(
        self, pixels: Tensor, attributes: Tensor, is_seen: Tensor, is_penalised: Tensor
    ) -> Tensor:
        """Classify photos.

        Args:
            pixels: Photos as `Backbone.pixels` gives them, uint8, (B, 3, H, W).
            attributes: Attributes of the classes, in the order of the head's, float32, (K, A).
            is_seen: Mask of the classes that the head knows from photos, bool, (K,).
            is_penalised: Mask of the classes that the seen penalty is for, bool, (K,).

        Returns:
            Probabilities, (B, K), float32; each row sums to 1.
        """
        scores = self.model.scores(self.backbone(pixels), attributes, is_seen)
        penalised_scores = penalised(scores, is_penalised, self.seen_penalty)
        probabilities: Tensor = class_probabilities(penalised_scores, self.temperature)
        return probabilities


def export_head(
    classifier: FeatureClassifier, backbone: Backbone, path: str | os.PathLike[str]
) -> None:
    """Write the backbone and the head as one network; see `Answerer` for what goes in and out.

    The file carries a JSON text under `zsl_images`: the names of the attributes and their order, the
    classes that are seen and those that the seen penalty is for, and the preprocessing of photos.

    Args:
        classifier: Head and seen penalty; the candidates do not matter.
        backbone: The head's backbone.
        path: File to write: .onnx, or .xml for OpenVINO, with its weights in a .bin beside it. Set
            OpenVINO's INFERENCE_PRECISION_HINT to f32, or a CPU that has bfloat16 rounds distances.

    Raises:
        BackboneError: The engine that runs such files is not installed.
        DataError: The path has another ending.
        OutputError: The file cannot be written.

    Warns:
        OutputWarning: Classes of the head have moved since training. The file has no class of its
            own, so it places them by their attributes alone.
    """
    path, head = Path(path), classifier.head
    if path.suffix.lower() not in ENGINE_OF:
        raise DataError(f"{path}: expected a name that ends in {' or '.join(ENGINE_OF)}")
    engine = resolve_engine(ENGINE_OF[path.suffix.lower()], "cpu")
    check_writable(path)
    if moved := [name for name in head.table.names if name in head.residuals]:
        message = f"{path} places classes by their attributes alone, not as they were learned later"
        warnings.warn(f"{message}: {listed(moved)}", OutputWarning, stacklevel=2)
    model = thawed(head.frozen)  # of its own, since it is changed
    if isinstance(model.prior, KernelPrior) and model.config.shrinkage:
        whitener = model.prior.whitener()  # ONNX has no Cholesky factor, so it becomes a constant
        model.prior.whitener = lambda: whitener  # type: ignore[method-assign]
    network = Answerer(
        backbone.network().module, model, classifier.seen_penalty, head.calibration.temperature
    )
    size = backbone.preprocessing["input_size"]
    inputs: dict[str, Any] = {
        "pixels": np.zeros((2, *size), np.uint8),
        "attributes": np.resize(head.table.attributes, (3, len(head.table.attribute_names))),
        "is_seen": np.array([True, False, False]),
        "is_penalised": np.array([True, False, True]),
    }
    about = json.dumps(
        {
            "version": __version__,
            "attributes": head.table.attribute_names,
            "seen": head.table.seen_names,
            "penalised": np.array(head.table.names)[head.penalised(head.table)].tolist(),
            "backbone": backbone.name,
            "preprocessing": dict(backbone.preprocessing),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, path.name)
        if engine == "onnx":
            write_onnx(network.eval(), inputs, _ROWS, "probabilities", file, about)
        else:
            write_openvino(network.eval(), inputs, "probabilities", file, about)
        for made in sorted(Path(folder).iterdir()):  # .bin before .xml
            with replacing(path.with_name(made.name)) as temporary:
                temporary.write_bytes(made.read_bytes())
