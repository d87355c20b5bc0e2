from __future__ import annotations

import numpy as np

from zsl_images.classes.scales import another_scale


def test_two_tables_of_zeros_are_on_one_scale() -> None:
    zeros, ones = np.zeros((2, 1)), np.ones((2, 1))
    assert another_scale(zeros, zeros) is None
    assert "up to 0" in str(another_scale(ones, zeros))
