from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from torch import nn

from zsl_images.features.conversion import write_onnx, write_openvino


class Compared(nn.Module):
    """Distances from pictures, each pooled by two convolutions, to rows."""

    def __init__(self) -> None:
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.convolutions = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 2, 3))

    def forward(self, images: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        """(B, 3, H, W), (K, 2) → (B, K)."""
        pooled = self.convolutions(images / 255).mean((2, 3))
        return ((pooled[:, None] - rows) ** 2).sum(2)


@pytest.fixture
def inputs() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 3, 9, 9), np.uint8)
    return {"images": images, "rows": rng.random((3, 2), np.float32)}


def more(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {name: np.concatenate([value, value]) for name, value in inputs.items()}


def test_an_onnx_file_takes_any_number_of_rows(tmp_path: Path, inputs: dict[str, np.ndarray]) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    network, file = Compared().eval(), tmp_path / "network.onnx"
    write_onnx(network, inputs, {"images": "batch", "rows": "rows"}, "distances", file, "why")
    session = onnxruntime.InferenceSession(file)
    (found,) = session.run(["distances"], more(inputs))
    expected = network(*map(torch.from_numpy, more(inputs).values())).detach()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert session.get_modelmeta().custom_metadata_map["zsl_images"] == "why"


def test_an_openvino_file_takes_any_number_of_rows_and_marks_the_first_convolutions(
    tmp_path: Path, inputs: dict[str, np.ndarray]
) -> None:
    openvino = pytest.importorskip("openvino")
    network, file = Compared().eval(), tmp_path / "network.xml"
    write_openvino(network, inputs, "distances", file, "why")
    model = openvino.Core().read_model(file)
    found = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})(
        more(inputs)
    )["distances"]
    expected = network(*map(torch.from_numpy, more(inputs).values())).detach()
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert model.get_rt_info(["zsl_images"]).astype(str) == "why"
    marked = {
        layer.get("type")
        for layer in ElementTree.parse(file).getroot().iterfind("layers/layer")
        if layer.find("rt_info/attribute[@name='precise']") is not None
    }
    assert marked == {"Convolution"}
