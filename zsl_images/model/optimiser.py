"""Descent: the gradient steps of all training, with their learning rate."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor


class Descent:
    """Adam (Kingma & Ba, ICLR 2015) down a sum of losses.

    Args:
        parameters: What learns.
        rate: Learning rate.
        steps: Number of steps in which the rate falls to 0 along a cosine (Loshchilov & Hutter, "SGDR",
            ICLR 2017). Default: it stays.
    """

    def __init__(self, parameters: Iterable[Tensor], rate: float, steps: int | None = None) -> None:
        def share(step: int) -> float:
            return 0.5 * (1 + math.cos(math.pi * step / max(1, steps))) if steps else 1.0

        self.optimiser = torch.optim.Adam(parameters, rate, fused=True)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(self.optimiser, share)

    def step(self, losses: Mapping[str, Tensor]) -> None:
        """Step down the gradient of the sum of `losses`, and go on to the rate of the next step."""
        self.optimiser.zero_grad()
        torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        self.schedule.step()


@contextmanager
def flushing_denormals() -> Iterator[None]:
    """Take denormal floats for 0 within the block, and only there.

    Moments of Adam that fade out slow a step threefold once they are denormal. The setting is one of
    the processor, for the calling thread, and torch can't say how it is; so half of the smallest
    normal number tells.
    """
    was_flushing = sys.float_info.min / 2 == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(was_flushing)
