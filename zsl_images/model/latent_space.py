"""Spaces: where latents and scaled features lie, anywhere (the paper) or on a sphere (ours)."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F


class Space:
    """All of ℝᴸ, as in the paper."""

    def place(self, vectors: Tensor) -> Tensor:
        """Bring vectors to where they may lie: (..., L) → (..., L)."""
        return vectors

    def between(self, first: Tensor, second: Tensor, share: Tensor) -> Tensor:
        """The points a share (K,) of the way, 0 to 1, from `first` (K, L) to `second` (K, L)."""
        return first + share[:, None] * (second - first)


class Sphere(Space):
    """A sphere about the origin, on which distances are angles.

    Args:
        radius: Its radius.
    """

    def __init__(self, radius: float) -> None:
        self.radius = radius

    def place(self, vectors: Tensor) -> Tensor:
        """Bring vectors to length `radius`: (..., L) → (..., L)."""
        return F.normalize(vectors, dim=-1) * self.radius

    def between(self, first: Tensor, second: Tensor, share: Tensor) -> Tensor:
        """The points a share (K,) of the way along the chord, at the lengths of `first` (K, L)."""
        length = first.norm(dim=1, keepdim=True)
        chord = super().between(first, F.normalize(second, dim=1) * length, share)
        between: Tensor = F.normalize(chord, dim=1) * length
        return between


def space_of(radius: float) -> Space:
    """The sphere of that radius; all of space if it is 0."""
    return Sphere(radius) if radius else Space()
