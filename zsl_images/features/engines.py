"""Engines: they run a frozen network. All give the same features, at different speeds."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import torch
from torch import Tensor, nn

from zsl_images.defaults import AUTO
from zsl_images.errors import BackboneError
from zsl_images.files import cache_folder, hidden_beside

ENGINES = {"torch": (), "openvino": ("openvino",), "onnx": ("onnxruntime", "onnxscript")}
"""Engines, and the modules that each needs besides torch."""


_PRECISE = 3
"""The first convolutions, which stay in float32 when the rest of a network runs in bfloat16."""


@dataclass(frozen=True, eq=False)
class Engine:
    """Runs a network.

    Args:
        name: one of `ENGINES`.
        run: uint8 images (B, 3, H, W) → features (B, D) float32 on the CPU; safe to call from
            several threads.
        concurrency: simultaneous calls that keep the device busy.
    """

    name: str
    run: Callable[[Tensor], Tensor]
    concurrency: int = 1


def resolve_engine(name: str, device: torch.device) -> str:
    """The engine of that name; for `auto`, OpenVINO on a CPU if it is installed, else torch.

    Raises:
        BackboneError: it is unknown, not installed, or not made for this device.
    """
    if name == AUTO:
        return "openvino" if device.type == "cpu" and _is_installed("openvino") else "torch"
    if name not in ENGINES:
        raise BackboneError(f"unknown engine {name!r}; expected auto, {', '.join(ENGINES)}")
    if not _is_installed(name):
        raise BackboneError(
            f"engine {name} needs {' and '.join(ENGINES[name])}, not installed here; "
            f'run: pip install "zsl-images[{name}]"'
        )
    if name == "openvino" and device.type != "cpu":
        raise BackboneError(f"engine openvino runs on the CPU, not on {device}; use engine torch")
    return name


def make_engine(
    name: str, network: nn.Module, device: torch.device, input_size: tuple[int, int], key: str
) -> Engine:
    """Make an engine ready to run.

    Converting a network for an engine takes seconds, so converted ones are cached in the user's cache
    folder.

    Args:
        name: `auto`, or one of `ENGINES`.
        network: uint8 images (B, 3, H, W) → features (B, D), in eval mode.
        device: device that it runs on.
        input_size: height and width (H, W) of the images, in pixels.
        key: name of the network among converted ones.

    Raises:
        BackboneError: see `resolve_engine`.
    """
    name = resolve_engine(name, device)
    if name == "torch":
        return _torch_engine(network, device)
    example = torch.zeros(2, 3, *input_size, dtype=torch.uint8)
    if name == "openvino":
        return _openvino_engine(network, example, key)
    return _onnx_engine(network, example, key, device)


def _is_installed(name: str) -> bool:
    return all(importlib.util.find_spec(module) for module in ENGINES[name])


def _torch_engine(network: nn.Module, device: torch.device) -> Engine:
    """Eager torch: float32 on a CPU, which makes it the reference; half precision on CUDA."""
    is_cuda = device.type == "cuda"
    network = network.to(device).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def run(images: Tensor) -> Tensor:
        if is_cuda:
            images = images.pin_memory()
        images = images.to(device, non_blocking=True).contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, torch.float16, enabled=is_cuda):
            features: Tensor = network(images)
        return features.float().cpu()

    return Engine("torch", run, concurrency=2 if is_cuda else 1)


def _openvino_engine(network: nn.Module, example: Tensor, key: str) -> Engine:
    """OpenVINO in the precision that is fast on this CPU: bfloat16 if it has such instructions, except
    for the first convolutions."""
    import openvino

    def convert(folder: Path) -> None:
        shape = openvino.PartialShape([-1, *example.shape[1:]])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch's own
            model = openvino.convert_model(network, input=shape, example_input=example)
        openvino.save_model(model, folder / "model.xml", compress_to_fp16=False)
        _keep_precise(folder / "model.xml")

    def compiled(file: Path, **options: Any) -> Any:
        options["PERFORMANCE_HINT"] = "THROUGHPUT"
        model = openvino.Core().compile_model(file, "CPU", options)
        model.create_infer_request().infer({0: example.numpy()})
        return model

    def load(folder: Path) -> Any:
        try:
            return compiled(folder / "model.xml")
        except RuntimeError:  # this network cannot run in two precisions
            return compiled(folder / "model.xml", INFERENCE_PRECISION_HINT="f32")

    model = _cached(f"openvino-{openvino.__version__.split('-')[0]}-{key}", convert, load)
    thread = threading.local()

    def run(images: Tensor) -> Tensor:
        if not hasattr(thread, "request"):
            thread.request = model.create_infer_request()
        thread.request.infer({0: images.contiguous().numpy()}, share_inputs=True)
        return torch.from_numpy(thread.request.get_output_tensor().data.copy())

    return Engine("openvino", run, model.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))


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


def _onnx_engine(network: nn.Module, example: Tensor, key: str, device: torch.device) -> Engine:
    import onnxruntime

    def convert(folder: Path) -> None:
        batch = torch.export.Dim("batch", min=1, max=4096)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program: Any = torch.onnx.export(
                network, (example,), dynamo=True, dynamic_shapes=({0: batch},), verbose=False
            )
        program.save(folder / "model.onnx")

    wanted = ("CUDAExecutionProvider",) * (device.type == "cuda") + ("CPUExecutionProvider",)
    available = onnxruntime.get_available_providers()

    def load(folder: Path) -> Any:
        return onnxruntime.InferenceSession(
            folder / "model.onnx", providers=[name for name in wanted if name in available]
        )

    session = _cached(f"onnx-{torch.__version__.split('+')[0]}-{key}", convert, load)
    (input_name,) = (given.name for given in session.get_inputs())

    def run(images: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {input_name: images.contiguous().numpy()})[0])

    return Engine("onnx", run)


def _cached(key: str, convert: Callable[[Path], None], load: Callable[[Path], Any]) -> Any:
    """A converted network, loaded from the cache folder.

    If it is not there, or cannot be loaded and so is damaged, it is converted, and cached if possible.

    Args:
        key: name of its folder.
        convert: writes it into an empty folder.
        load: loads it from a folder.
    """
    cached = cache_folder() / "engines" / key
    if cached.is_dir():
        try:
            return load(cached)
        except Exception:  # the engines raise errors of their own
            shutil.rmtree(cached, ignore_errors=True)
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        folder = hidden_beside(cached)
        folder.mkdir()
    except OSError:  # it cannot be cached
        folder = Path(tempfile.mkdtemp())
    try:
        convert(folder)
        with suppress(OSError):  # another process may have been first
            folder = folder.rename(cached)
        return load(folder)
    finally:
        if folder != cached:
            shutil.rmtree(folder, ignore_errors=True)
