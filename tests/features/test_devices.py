from __future__ import annotations

import pytest

from zsl_images.errors import BackboneError
from zsl_images.features.devices import resolve_device


def test_devices_by_name() -> None:
    assert resolve_device("cpu") == "cpu"
    assert resolve_device("auto") in ("cpu", "cuda", "mps")
    with pytest.raises(BackboneError, match="'toaster' cannot be used"):
        resolve_device("toaster")
