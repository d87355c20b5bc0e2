from __future__ import annotations

import pytest

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
