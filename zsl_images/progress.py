"""Progress: what long work reports after each step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class StepRecord:
    """How far a long piece of work has got.

    Args:
        phase: Name of the current phase, such as `warm-up`.
        step: Number of steps done.
        steps: Number of steps in all.
        losses: Latest losses by name; none if nothing is learned.
    """

    phase: str
    step: int
    steps: int
    losses: Mapping[str, float] = field(default_factory=dict)


OnStep = Callable[[StepRecord], None]
"""Called after every step of long work."""
