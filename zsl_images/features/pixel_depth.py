"""Depth: pixels of any type become 8 bits, of a brightness that can be seen.

Cameras store 10, 12 or 14 bits in 16; thermal cameras use a small part of the range; maps mark cells
without data by a value far from all others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from zsl_images.errors import ImageError

Values = npt.NDArray[Any]


class Pixels(Protocol):
    """An array (H, W) or (H, W, C), or what gives the same rows."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def size(self) -> int: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> Values: ...


_STRIP = 2**22
"""Values that are scaled at once, so that a large picture needs little memory besides its own."""

_WHITES = {"f": (1.0, 255.0), "i": (255.0, 1023.0, 4095.0, 16383.0, 65535.0)}
"""Values that stand for white in floats and in integers: the first one that is not exceeded counts."""

_FLAT, _GAP, _HUGE = 64, 4, 1e30


def to_8_bit(array: Pixels) -> npt.NDArray[np.uint8]:
    """Scale pixels to 0..255.

    White is 1 (or 255) for floats, and 255, 1023, 4095, 16383 or 65535 for integers: the least that
    no pixel exceeds. Values outside these ranges, and 16-bit ones that fill less than an eighth of
    theirs without coming near black, are stretched from the darkest to the brightest. Cells without
    data become black: values that are not finite, and a lowest or highest value that is farther from
    the others than `_GAP` times their range.

    Args:
        array: (H, W) or (H, W, C), of bools, integers or floats.

    Raises:
        ImageError: Values of another type, or none that is finite.
    """
    if array.dtype == np.uint8:
        return array[:]
    if array.dtype == bool:
        return array[:].astype(np.uint8) * 255
    if array.dtype.kind not in "iuf":
        raise ImageError(f"pixels of type {array.dtype}; expected numbers")
    least, most = _limits(array)
    low, white = _range(least, most, array.dtype.kind == "f")
    scaled = np.zeros(array.shape, np.uint8)
    for rows in _strips(array):
        values = array[rows].astype(np.float32)
        values[~(np.isfinite(values) & (values >= least) & (values <= most))] = low
        scaled[rows] = np.clip((values - low) * np.float32(255 / (white - low)) + 0.5, 0, 255)
    return scaled


def _range(least: float, most: float, is_float: bool) -> tuple[float, float]:
    """The values that become black and white."""
    white = next((top for top in _WHITES["f" if is_float else "i"] if most <= top), None)
    is_outside = least < 0 or white is None
    is_narrow = white == 65535 and least > most - least and _FLAT <= most - least < white / 8
    if is_outside or is_narrow or white is None:
        return least, max(most, least + 1e-12)
    return 0.0, white


def _limits(array: Pixels) -> tuple[float, float]:
    """The darkest and the brightest value, without those that mark cells without data."""
    least, most = _extremes(array, lambda values: np.abs(values) < _HUGE)
    second, _ = _extremes(array, lambda values: (values > least) & (values < _HUGE), most)
    if second < most and second - least > _GAP * (most - second):
        least = second
    _, second = _extremes(array, lambda values: (values < most) & (values >= least), least)
    if least < second and most - second > _GAP * (second - least):
        most = second
    return least, most


def _extremes(
    array: Pixels, is_wanted: Callable[[Values], Values], default: float | None = None
) -> tuple[float, float]:
    """The least and the greatest of the wanted values; `default` if there are none."""
    least, most = np.inf, -np.inf
    for rows in _strips(array):
        values = array[rows].astype(np.float32)
        wanted = values[np.isfinite(values) & is_wanted(values)]
        if wanted.size:
            least, most = min(least, float(wanted.min())), max(most, float(wanted.max()))
    if least > most:
        if default is None:
            raise ImageError("the picture holds values that are not finite")
        return default, default
    return least, most


def _strips(array: Pixels) -> Iterator[slice]:
    height = max(1, _STRIP * len(array) // array.size)
    for top in range(0, len(array), height):
        yield slice(top, top + height)
