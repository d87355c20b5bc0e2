"""Telemetry: OpenVINO's reports about its use are not sent."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_TELEMETRY = "openvino_telemetry"
_STUB = "openvino.tools.ovc.telemetry_stub"


def import_openvino() -> Any:
    """The module openvino, whose import reports nothing."""
    with without_telemetry():
        return importlib.import_module("openvino")


@contextmanager
def without_telemetry() -> Iterator[None]:
    """Keep OpenVINO from looking up a host and from writing a client id while the body runs.

    It reports each import and each conversion by the package openvino-telemetry, and takes a stub of
    its own if that cannot be imported. Modules that the user imported earlier get the stub for as long
    as the body runs.
    """
    absent = object()
    before: Any = sys.modules.get(_TELEMETRY, absent)
    loaded: Any = [module for name, module in sys.modules.items() if name.startswith("openvino.tools.")]
    reporting = [(module, module.tm) for module in loaded if "tm" in vars(module)]
    sys.modules[_TELEMETRY] = None  # type: ignore[assignment]
    for module, _ in reporting:
        module.tm = importlib.import_module(_STUB)
    try:
        yield
    finally:
        for module, telemetry in reporting:
            module.tm = telemetry
        del sys.modules[_TELEMETRY]
        if before is not absent:
            sys.modules[_TELEMETRY] = before
