"""Engines: they run a frozen network. All give the same features, at different speeds."""

from __future__ import annotations

import copy
import importlib.util
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zsl_images.defaults import AUTO
from zsl_images.errors import BackboneError
from zsl_images.features.conversion import write_onnx, write_openvino
from zsl_images.features.engine_cache import cached
from zsl_images.features.openvino_import import import_openvino

if TYPE_CHECKING:
    from torch import nn

Pixels = npt.NDArray[np.uint8]
"""Images (B, 3, H, W), 0..255."""

Features = npt.NDArray[np.float32]
"""(B, D)."""

ENGINES = {"torch": (), "openvino": ("openvino",), "onnx": ("onnxruntime", "onnxscript")}
"""Engines, and the modules that each needs besides torch."""


@dataclass(frozen=True, eq=False)
class Engine:
    """Runs a network.

    Args:
        name: One of `ENGINES`.
        run: uint8 images (B, 3, H, W) → features (B, D) float32 on the CPU; safe to call from
            several threads.
        concurrency: Simultaneous calls that keep the device busy.
    """

    name: str
    run: Callable[[Pixels], Features]
    concurrency: int = 1


def resolve_engine(name: str, device: str) -> str:
    """The engine of that name; for `auto`, OpenVINO on a CPU if it is installed, else torch.

    Raises:
        BackboneError: It is unknown, not installed, or not made for this device.
    """
    if name == AUTO:
        return "openvino" if device == "cpu" and _is_installed("openvino") else "torch"
    if name not in ENGINES:
        raise BackboneError(f"unknown engine {name!r}; expected auto, {', '.join(ENGINES)}")
    if not _is_installed(name):
        raise BackboneError(
            f"engine {name} needs {' and '.join(ENGINES[name])}, not installed here; "
            f'run: pip install "zsl-images[{name}]"'
        )
    if name == "openvino" and device != "cpu":
        raise BackboneError(f"engine openvino runs on the CPU, not on {device}; use engine torch")
    return name


def make_engine(
    name: str,
    network: Callable[[], nn.Module],
    device: str,
    input_size: tuple[int, int],
    key: str,
) -> Engine:
    """Make an engine ready to run.

    Converting a network for an engine takes seconds, so converted ones are cached in the user's cache
    folder.

    Args:
        name: `auto`, or one of `ENGINES`.
        network: Loads the network, see `Backbone`.
        device: Device that it runs on; or several, each with a copy of the network, see
            `resolve_device`.
        input_size: Height and width (H, W) of the images, in pixels.
        key: Name of the network among converted ones.

    Raises:
        BackboneError: See `resolve_engine`.
    """
    name = resolve_engine(name, device)
    if "," in device:
        loaded = network()
        return _several(
            [
                make_engine(name, lambda: copy.deepcopy(loaded), one, input_size, key)
                for one in device.split(",")
            ]
        )
    if name == "torch":
        return _torch_engine(network(), device)
    example = np.zeros((2, 3, *input_size), np.uint8)
    if name == "openvino":
        return _openvino_engine(network, example, key)
    return _onnx_engine(network, example, key, device)


def _several(engines: Sequence[Engine]) -> Engine:
    """Engines on devices of their own as one; each batch goes to the one that is free first."""
    free = SimpleQueue[Engine]()
    for call in range(max(engine.concurrency for engine in engines)):
        for engine in engines:
            if call < engine.concurrency:
                free.put(engine)

    def run(images: Pixels) -> Features:
        engine = free.get()
        try:
            return engine.run(images)
        finally:
            free.put(engine)

    return Engine(engines[0].name, run, sum(engine.concurrency for engine in engines))


def _name_in(key: str) -> str:
    return key.rpartition("-")[0] or key


def _is_installed(name: str) -> bool:
    return all(importlib.util.find_spec(module) for module in ENGINES[name])


def _torch_engine(network: nn.Module, device: str) -> Engine:
    """Eager torch: float32 on a CPU, which makes it the reference; half precision on CUDA."""
    import torch

    is_cuda = device.startswith("cuda")
    network = network.to(device).to(memory_format=torch.channels_last)

    @torch.inference_mode()
    def run(images: Pixels) -> Features:
        x = torch.from_numpy(images)
        if is_cuda:
            x = x.pin_memory()
        x = x.to(device, non_blocking=True).contiguous(memory_format=torch.channels_last)
        with torch.autocast(torch.device(device).type, torch.float16, enabled=is_cuda):
            features = network(x)
        found: Features = features.float().cpu().numpy()
        return found

    return Engine("torch", run, concurrency=2 if is_cuda else 1)


def _openvino_engine(network: Callable[[], nn.Module], example: Pixels, key: str) -> Engine:
    """OpenVINO in the precision that is fast on this CPU: bfloat16 if it has such instructions, except
    for the first convolutions."""
    openvino = import_openvino()

    def convert(folder: Path) -> None:
        write_openvino(network(), {"images": example}, "features", folder / "model.xml")

    def compiled(file: Path, **options: Any) -> Any:
        options["PERFORMANCE_HINT"] = "THROUGHPUT"
        options["ENABLE_CPU_PINNING"] = False  # or all processes would crowd the first core
        model = openvino.Core().compile_model(file, "CPU", options)
        model.create_infer_request().infer({0: example})
        return model

    def load(folder: Path) -> Any:
        try:
            return compiled(folder / "model.xml")
        except RuntimeError:  # this network cannot run in two precisions
            return compiled(folder / "model.xml", INFERENCE_PRECISION_HINT="f32")

    version = openvino.__version__.split("-")[0]
    model = cached(f"openvino-{version}-{key}", f"{_name_in(key)} for openvino", convert, load)
    thread = threading.local()

    def run(images: Pixels) -> Features:
        if not hasattr(thread, "request"):
            thread.request = model.create_infer_request()
        thread.request.infer({0: images}, share_inputs=True)
        found: Features = thread.request.get_output_tensor().data.copy()
        return found

    return Engine("openvino", run, model.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))


def _onnx_engine(network: Callable[[], nn.Module], example: Pixels, key: str, device: str) -> Engine:
    import onnxruntime

    def convert(folder: Path) -> None:
        file = folder / "model.onnx"
        write_onnx(network(), {"images": example}, {"images": "batch"}, "features", file)

    wanted: dict[str, dict[str, Any]] = {"CPUExecutionProvider": {}}
    if device.startswith("cuda"):
        wanted = {"CUDAExecutionProvider": {"device_id": int(device.partition(":")[2] or 0)}, **wanted}
    available = onnxruntime.get_available_providers()

    def load(folder: Path) -> Any:
        return onnxruntime.InferenceSession(
            folder / "model.onnx", providers=[one for one in wanted.items() if one[0] in available]
        )

    session = cached(f"onnx-{key}", f"{_name_in(key)} for onnx", convert, load)
    (input_name,) = (given.name for given in session.get_inputs())

    def run(images: Pixels) -> Features:
        found: Features = session.run(None, {input_name: images})[0]
        return found

    return Engine("onnx", run)
