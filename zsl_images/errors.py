"""What can go wrong: one branch per question that a caller asks.

    ZSLError
    ├── ImageError       (OSError)       one image cannot be read
    ├── ClassTableError  (ValueError)    a class table, taxonomy or table of words cannot be used
    ├── BackboneError    (ValueError)    a backbone or its weights are not available
    ├── TextEncoderError (ValueError)    a text encoder is not available, or is not the head's
    ├── HeadError        (OSError)       a head file cannot be read, or does not fit
    ├── DataError        (ValueError)    photos, features or settings cannot be used
    └── OutputError      (OSError)       a result cannot be written

Every message says what was given, what was expected, and the next step.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence


class ZSLError(Exception):
    """Root of all errors that this package raises on purpose."""


class ImageError(ZSLError, OSError):
    """An image cannot be opened or decoded, or is too large."""


class ClassTableError(ZSLError, ValueError):
    """A class table is malformed, or attributes that a head needs are missing."""


class BackboneError(ZSLError, ValueError):
    """A backbone is unknown, its weights are missing, or they do not fit it."""


class TextEncoderError(ZSLError, ValueError):
    """A text encoder is unknown, not installed, or not the one that a head was trained with."""


class HeadError(ZSLError, OSError):
    """A head file is missing, damaged, unsafe, or made for something else."""


WeightsError = HeadError
"""The name of `HeadError` in earlier versions."""


class DataError(ZSLError, ValueError):
    """Photos, features, splits or settings cannot be used."""


class OutputError(ZSLError, OSError):
    """A result cannot be written to the place that was asked for."""


class ClassTableWarning(UserWarning):
    """A class table can be used, but something in it deserves a look."""


class SplitWarning(UserWarning):
    """The split of a data set can be used, but its figures may mislead."""


class PhotoWarning(UserWarning):
    """Photos were left out of a folder, because they are of another kind or cannot be read."""


class CacheWarning(UserWarning):
    """What was made cannot be kept for the next run, or was damaged and is made anew."""


class OutputWarning(UserWarning):
    """A result is written, but something about the place deserves a look."""


def listed(names: Sequence[str], known: Sequence[str] = (), limit: int = 8) -> str:
    """`a, b (did you mean B?), c and 5 more`.

    Args:
        names: Names to list.
        known: Names that may have been meant; the nearest one is added if it is near enough.
        limit: Number of names shown; the others are counted.
    """
    shown = []
    for name in names[:limit]:
        near = difflib.get_close_matches(name, known, n=1)
        shown.append(f"{name} (did you mean {near[0]}?)" if near else name)
    more = len(names) - limit
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def counted(number: int, thing: str) -> str:
    """`1 photo`, `2 photos`, `0 classes`.

    Args:
        number: How many there are.
        thing: Name of one of them, with a regular plural.
    """
    if number == 1:
        return f"1 {thing}"
    if thing.endswith("y"):
        return f"{number} {thing[:-1]}ies"
    return f"{number} {thing}{'es' if thing.endswith('s') else 's'}"
