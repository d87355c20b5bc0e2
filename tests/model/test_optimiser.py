from __future__ import annotations

import contextlib
import sys

import pytest
import torch

from zsl_images.model.optimiser import Descent, flushing_denormals


def test_a_step_goes_down_the_sum_of_the_losses() -> None:
    at = torch.tensor([1.0, 1.0], requires_grad=True)
    descent = Descent([at], rate=0.1, steps=200)
    for _ in range(200):
        descent.step({"to 3": (at[0] - 3).square(), "to -2": (at[1] + 2).square()})
    torch.testing.assert_close(at.detach(), torch.tensor([3.0, -2.0]), atol=0.05, rtol=0)


@pytest.mark.parametrize(("falls_in", "expected"), [(3, [1, 0.75, 0.25, 0]), (None, [1, 1, 1, 1])])
def test_the_rate_falls_along_a_cosine_or_stays(falls_in: int | None, expected: list[float]) -> None:
    at = torch.zeros(1, requires_grad=True)
    descent, steps = Descent([at], rate=1.0, steps=falls_in), []
    for _ in range(4):
        before = at.item()
        descent.step({"slope": at.sum()})  # Adam steps by the rate along a constant gradient
        steps.append(before - at.item())
    assert steps == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("before", [False, True])
def test_denormals_are_flushed_within_the_block_and_as_before_behind_it(before: bool) -> None:
    def is_flushing() -> bool:
        return sys.float_info.min / 2 == 0

    can_flush = torch.set_flush_denormal(before)
    try:
        with contextlib.suppress(KeyError), flushing_denormals():
            assert is_flushing() == can_flush
            raise KeyError
        assert is_flushing() == (before and can_flush)
    finally:
        torch.set_flush_denormal(False)
