from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError
from zsl_images.head.class_memory import Memory


@pytest.fixture
def memory(trained: ZeroShotClassifier) -> Memory:
    found = trained.head.memory
    assert found is not None
    return found


def test_a_new_class_spreads_like_its_nearest(memory: Memory) -> None:
    more = memory.with_class("pink", memory.means[1] + 0.01)
    assert more.names == (*memory.names, "pink")
    np.testing.assert_array_equal(more.spreads[-1], memory.spreads[1])


def test_classes_can_be_chosen_and_renamed(memory: Memory) -> None:
    two = memory.select(["blue", "nothing", "red"]).renamed(["b", "r"])
    assert two.names == ("b", "r")
    np.testing.assert_array_equal(two.means[1], memory.means[memory.names.index("red")])


def test_parts_that_do_not_fit_are_refused(memory: Memory) -> None:
    with pytest.raises(DataError, match="6 classes"):
        replace(memory, means=memory.means[:-1])


def test_the_first_class_remembered_has_no_spread(memory: Memory) -> None:
    one = memory.select([]).with_class("pink", memory.means[1])
    assert one.names == ("pink",)
    np.testing.assert_array_equal(one.means, memory.means[1:2])
    assert one.spreads.shape == (1, *memory.spreads.shape[1:])
    assert not one.spreads.any()
