"""Conversion: networks become files that other engines run.

A converted network takes named inputs, each of which may have any number of rows.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy.typing as npt

from zsl_images.features.openvino_import import import_openvino, without_telemetry

if TYPE_CHECKING:
    from torch import nn

Inputs = Mapping[str, npt.NDArray[Any]]
"""Name of an argument of a network's `forward` → example; in the order of the arguments."""

_PRECISE = 3
"""The first convolutions, which stay in float32 when the rest of a network runs in bfloat16."""

_MOST_ROWS = 2**20


def write_onnx(
    network: nn.Module,
    inputs: Inputs,
    rows: Mapping[str, str],
    output: str,
    file: Path,
    about: str = "",
) -> None:
    """Convert a network to ONNX.

    Args:
        network: Network in eval mode, on the CPU.
        inputs: Examples, with two rows or more.
        rows: Name of an input → what its rows are; inputs of the same rows have equally many.
        output: Name of the output.
        file: File to write (.onnx).
        about: Text that the file carries under the key `zsl_images`.
    """
    import torch

    kinds = {kind: torch.export.Dim(kind, min=1, max=_MOST_ROWS) for kind in set(rows.values())}
    with _quietly():
        program: Any = torch.onnx.export(
            network,
            tuple(map(torch.from_numpy, inputs.values())),
            input_names=list(inputs),
            output_names=[output],
            dynamo=True,
            dynamic_shapes=tuple({0: kinds[rows[name]]} for name in inputs),
            verbose=False,
        )
    if about:
        program.model.metadata_props["zsl_images"] = about
    program.save(file)


def write_openvino(
    network: nn.Module,
    inputs: Inputs,
    output: str,
    file: Path,
    about: str = "",
) -> None:
    """Convert a network to OpenVINO; its first convolutions run in float32 on any CPU.

    Args:
        network: Network in eval mode, on the CPU.
        inputs: Examples.
        output: Name of the output.
        file: File to write (.xml); its weights go into a .bin beside it.
        about: Text that the file carries as the runtime information `zsl_images`.
    """
    import torch

    openvino = import_openvino()
    shapes = [openvino.PartialShape([-1, *example.shape[1:]]) for example in inputs.values()]
    examples = tuple(map(torch.from_numpy, inputs.values()))
    with _quietly(), without_telemetry():
        model = openvino.convert_model(network, input=shapes, example_input=examples)
    model.outputs[0].get_tensor().set_names({output})
    if about:
        model.set_rt_info(about, ["zsl_images"])
    openvino.save_model(model, file, compress_to_fp16=False)
    _keep_precise(file)


def _keep_precise(file: Path) -> None:
    """Make the first convolutions of a converted network run in float32 on any CPU.

    They see the picture at its largest, and their rounding errors pass through all that follows: half
    of what bfloat16 does to the features of EfficientNet-Lite0, at a twentieth of the time.
    """
    tree = ElementTree.parse(file)
    layers = tree.getroot().iterfind("layers/layer")
    convolutions = (layer for layer in layers if "Convolution" in layer.get("type", ""))
    for layer in islice(convolutions, _PRECISE):
        marks = layer.find("rt_info")
        if marks is None:
            marks = ElementTree.Element("rt_info")
            layer.insert(1, marks)  # after the layer's data
        ElementTree.SubElement(marks, "attribute", name="precise", version="0")
    tree.write(file)


@contextmanager
def _quietly() -> Iterator[None]:
    """Without torch's own warnings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
