from __future__ import annotations

import pytest
import torch

from zsl_images.errors import BackboneError
from zsl_images.features.devices import learning_device, resolve_device


def test_devices_by_name() -> None:
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") in ("cpu", "cuda", "mps")
    with pytest.raises(BackboneError, match="'toaster' cannot be used"):
        resolve_device("toaster")


def test_a_head_learns_beside_the_network_on_cuda_alone() -> None:
    assert [learning_device(name) for name in ("cuda", "cuda:1", "mps", "cpu")] == [
        "cuda",
        "cuda:1",
        "cpu",
        "cpu",
    ]


def test_several_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    assert resolve_device("cpu, cpu") == "cpu,cpu"
    assert [learning_device(name) for name in ("cuda:1,cuda:0", "cpu,cpu")] == ["cuda:1", "cpu"]
    with pytest.raises(BackboneError, match="'toaster' cannot be used"):
        resolve_device("cpu,toaster")
    for count, devices in ((1, "cuda:0"), (3, "cuda:0,cuda:1,cuda:2")):
        monkeypatch.setattr(torch.cuda, "device_count", lambda count=count: count)
        assert resolve_device("all") == devices
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(BackboneError, match="means all CUDA GPUs, and torch finds none"):
        resolve_device("all")
