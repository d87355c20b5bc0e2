from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.scales import another_scale, warn_of_scale
from zsl_images.errors import ClassTableWarning


@pytest.mark.parametrize(
    ("factor", "is_another"), [(1, False), (0.2, False), (9, False), (0.01, True), (10, True)]
)
def test_a_factor_of_ten_is_another_scale(factor: float, is_another: bool) -> None:
    assert bool(another_scale(np.array([factor * 100.0]), np.array([100.0]))) == is_another


def test_another_scale_is_warned_of(colour_table: ClassTable) -> None:
    with pytest.warns(ClassTableWarning, match="on the same scale"):
        warn_of_scale(colour_table, replace(colour_table, attributes=colour_table.attributes / 255))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_scale(colour_table, colour_table)
