"""Arrays: what NumPy arrays and torch tensors have in common, so that a formula is written once.

Formulas use operators, methods with the same meaning in both (`x.sum(1, keepdims=True)`), and the
functions of the array API standard, which both libraries have under the same names (`namespace`).
"""

from __future__ import annotations

import importlib
from typing import Any, TypeAlias

import numpy as np

Array: TypeAlias = Any
"""A NumPy array or a torch tensor."""


def namespace(x: Array) -> Any:
    """The module whose functions take `x`: numpy, or torch if `x` is a tensor."""
    return np if isinstance(x, np.ndarray) else importlib.import_module("torch")


def normalised(x: Array) -> Array:
    """Vectors brought to length 1: (..., L) → (..., L); zeros stay."""
    length = namespace(x).linalg.vector_norm(x, axis=-1, keepdims=True)
    return x / (length + (length == 0))


def distances(first: Array, second: Array) -> Array:
    """Distance of each pair: (K, A), (J, A) → (K, J).

    torch has a function for it, whose gradient is defined between equal vectors too; ONNX has none.
    """
    xp = namespace(first)
    if xp is not np and not xp.compiler.is_exporting():
        return xp.cdist(first, second)
    squares = (first**2).sum(1)[:, None] + (second**2).sum(1) - 2 * first @ second.T
    return xp.sqrt(xp.clip(squares, 0, None))
