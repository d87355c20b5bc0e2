"""Scales: whether attributes seem to be on the scale that a head was trained with."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import ClassTableWarning


def another_scale(given: npt.NDArray[np.floating], reference: npt.NDArray[np.floating]) -> str | None:
    """What to say if attributes seem to be on another scale than the reference's; None if not.

    Args:
        given: Attributes of any shape.
        reference: Attributes whose largest value is the measure: ten times it, or a tenth, is too far.
    """
    reach, expected = np.abs(given).max(), np.abs(reference).max()
    if reach == expected or expected / 10 < reach < expected * 10:
        return None
    return (
        f"the attributes reach up to {reach:g}, those that the head was trained with up to "
        f"{expected:g}; give them on the same scale"
    )


def warn_of_scale(mine: ClassTable, given: ClassTable) -> None:
    """Warn if attributes seem to be on another scale than those of the head's table.

    Warns:
        ClassTableWarning: Their largest values are a factor of ten or more apart.
    """
    if message := another_scale(given.attributes, mine.attributes):
        warnings.warn(message, ClassTableWarning, stacklevel=2)
