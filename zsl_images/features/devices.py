"""Devices: where a network runs. Torch is asked only if there may be an accelerator."""

from __future__ import annotations

import sys
from ctypes.util import find_library
from pathlib import Path

from zsl_images.defaults import ALL, AUTO, CPU
from zsl_images.errors import BackboneError


def resolve_device(device: str) -> str:
    """The device of that name; for `auto`, CUDA, else Apple's MPS, else the CPU.

    Several devices are names with commas between, such as `cuda:0,cuda:1`, which `all` is short for.

    Raises:
        BackboneError: It is unknown, or not in this machine.
    """
    if "," in device:
        return ",".join(resolve_device(one.strip()) for one in device.split(","))
    if device == CPU or (device == AUTO and not _may_have_accelerator()):
        return CPU
    import torch

    if device == ALL:
        count = torch.cuda.device_count()
        if not count:
            raise BackboneError(f"device {ALL!r} means all CUDA GPUs, and torch finds none; use auto")
        return ",".join(f"cuda:{number}" for number in range(count))
    if device == AUTO:
        if torch.cuda.is_available():
            return "cuda"
        return "mps" if torch.backends.mps.is_available() else CPU
    try:
        torch.empty(0, device=torch.device(device))
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise BackboneError(
            f"device {device!r} cannot be used ({reason}); expected auto, all, cpu, cuda or mps"
        ) from error
    return device


def learning_device(device: str) -> str:
    """Where a head learns beside a network on `device`: there if it is CUDA, else on the CPU.

    Of several devices it is the first. Apple's MPS has no float64, in which the statistics of training
    features are summed.
    """
    return device.partition(",")[0] if device.startswith("cuda") else CPU


def _may_have_accelerator() -> bool:
    """Whether there is a sign of a driver that torch could use."""
    if sys.platform == "linux":
        return any(Path(node).exists() for node in ("/dev/nvidiactl", "/dev/dxg", "/dev/kfd"))
    return sys.platform == "darwin" or find_library("nvcuda") is not None
