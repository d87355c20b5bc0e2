"""Arguments: numbers and files that callers give, refused at the call if they cannot be used."""

from __future__ import annotations

import math
import numbers
import operator
import os
from typing import Any

from zsl_images.errors import DataError, ZSLError

_MOST = 2**63 - 1
"""Largest whole number that torch, NumPy and Arrow take."""


def number(name: str, value: Any, low: float = -math.inf, high: float = math.inf) -> float:
    """A finite number in a range, both ends included.

    Args:
        name: Name of the argument, for the message.
        value: What was given: any real number, but no text and no truth value.
        low: Least number.
        high: Greatest number.

    Raises:
        DataError: It is something else.
    """
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not low <= value <= high:
        wanted = "a finite number" if math.inf in (-low, high) else f"{low:g} to {high:g}"
        raise DataError(f"{name} is {_shown(value)}, expected {wanted}")
    return float(value)


def count(name: str, value: Any, least: int = 1) -> int:
    """A whole number that is large enough, and fits into 64 bits.

    Args:
        name: Name of the argument, for the message.
        value: What was given.
        least: Least number.

    Raises:
        DataError: It is something else.
    """
    try:
        whole = least - 1 if isinstance(value, bool) else operator.index(value)
    except TypeError:
        whole = least - 1
    if whole < least:
        raise DataError(f"{name} is {_shown(value)}, expected a whole number, {least} or more")
    if whole > _MOST:
        raise DataError(f"{name} is {_shown(value)}, expected a whole number below 2**63")
    return whole


def check_path(what: str, value: Any, error: type[ZSLError]) -> None:
    """Refuse what is no path.

    Args:
        what: What was expected, for the message.
        value: What was given.
        error: Error to raise.
    """
    if not isinstance(value, str | os.PathLike):
        raise error(f"{_shown(value)} of type {type(value).__name__}, expected {what}")


def check_type(name: str, value: Any, kind: type) -> None:
    """Refuse what is no object of a class.

    Args:
        name: Name of the argument, for the message.
        value: What was given.
        kind: Class that was expected.

    Raises:
        DataError: It is something else.
    """
    if not isinstance(value, kind):
        raise DataError(f"{name} is {_shown(value)}, expected a {kind.__name__}")


def _shown(value: Any) -> str:
    """A value in a message: short, on one line."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 40 else f"{text[:37]}..."
