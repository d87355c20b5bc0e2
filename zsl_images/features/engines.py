"""Engines: what runs a frozen network. All give the same features, at different speeds."""

from __future__ import annotations

import importlib.util
import os
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
from zsl_images.files import cache_folder

ENGINES = {"torch": (), "openvino": ("openvino",), "onnx": ("onnxruntime", "onnxscript")}
"""Engines, with the modules that each needs beside torch."""


_PRECISE = 3
"""Convolutions that stay in float32 where the rest of a network runs in bfloat16."""


@dataclass(frozen=True, eq=False)
class Engine:
    """Runs a network.

    Args:
        name: one of `ENGINES`.
        run: uint8 images (B, 3, H, W) → features (B, D) float32 on the CPU; safe to call from
            several threads.
        concurrency: calls at once that keep the device busy.
    """

    name: str
    run: Callable[[Tensor], Tensor]
    concurrency: int = 1


def resolve_engine(name: str, device: torch.device) -> str:
    """The engine meant by `auto`: OpenVINO on a CPU where it is installed, else torch.

    Raises:
        BackboneError: unknown, not installed, or not for this device.
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

    Networks converted for an engine are kept in the user's cache folder: converting takes seconds,
    reading a converted one a fraction.

    Args:
        name: `auto`, or one of `ENGINES`.
        network: uint8 images (B, 3, H, W) → features (B, D), in eval mode.
        device: where it runs.
        input_size: (H, W).
        key: names the network among converted ones.

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
    """Eager; float32 on a CPU, which makes it the measure for the others, half precision on CUDA."""
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
    """In the precision that is fast on this CPU: bfloat16 where its instructions have it, but for the
    first convolutions."""
    import openvino

    def convert(folder: Path) -> None:
        shape = openvino.PartialShape([-1, *example.shape[1:]])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch's own making
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
        except RuntimeError:  # a network that cannot be run in two precisions
            return compiled(folder / "model.xml", INFERENCE_PRECISION_HINT="f32")

    model = _converted(f"openvino-{openvino.__version__.split('-')[0]}-{key}", convert, load)
    of_thread = threading.local()

    def run(images: Tensor) -> Tensor:
        if not hasattr(of_thread, "request"):
            of_thread.request = model.create_infer_request()
        of_thread.request.infer({0: images.contiguous().numpy()}, share_inputs=True)
        return torch.from_numpy(of_thread.request.get_output_tensor().data.copy())

    return Engine("openvino", run, model.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))


def _keep_precise(file: Path) -> None:
    """Have the first convolutions of a converted network run in float32 on any CPU.

    They see the picture at its largest, and what they round off passes through all that follows: half
    of what bfloat16 does to the features of EfficientNet-Lite0, at a twentieth of the time.
    """
    tree = ElementTree.parse(file)
    layers = tree.getroot().iterfind("layers/layer")
    for layer in islice((one for one in layers if "Convolution" in one.get("type", "")), _PRECISE):
        marks = layer.find("rt_info")
        if marks is None:
            marks = ElementTree.Element("rt_info")
            layer.insert(1, marks)  # behind the layer's data
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
            folder / "model.onnx", providers=[one for one in wanted if one in available]
        )

    session = _converted(f"onnx-{torch.__version__.split('+')[0]}-{key}", convert, load)
    (given,) = (one.name for one in session.get_inputs())

    def run(images: Tensor) -> Tensor:
        return torch.from_numpy(session.run(None, {given: images.contiguous().numpy()})[0])

    return Engine("onnx", run)


def _converted(key: str, convert: Callable[[Path], None], load: Callable[[Path], Any]) -> Any:
    """What `load` makes of the folder of a converted network.

    The folder is one kept from before, or made now and kept if it can be. One that cannot be loaded
    is damaged, and is made anew.
    """
    kept = cache_folder() / "engines" / key
    if kept.is_dir():
        try:
            return load(kept)
        except Exception:  # the engines raise errors of their own
            shutil.rmtree(kept, ignore_errors=True)
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=kept.parent))
    except OSError:  # nowhere to keep it
        folder = Path(tempfile.mkdtemp())
    try:
        convert(folder)
        umask = os.umask(0)
        os.umask(umask)
        folder.chmod(0o777 & ~umask)  # mkdtemp makes it private; a cache may be shared
        with suppress(OSError):  # another process may have been first
            folder = folder.rename(kept)
        return load(folder)
    finally:
        if folder != kept:
            shutil.rmtree(folder, ignore_errors=True)
