"""Spaces: where latents and scaled features lie, anywhere (the paper) or on a sphere (ours)."""

from __future__ import annotations

from zsl_images.model.arrays import Array, namespace, normalised


class Space:
    """All of ℝᴸ, as in the paper."""

    def place(self, vectors: Array) -> Array:
        """Bring vectors to where they may lie: (..., L) → (..., L)."""
        return vectors

    def between(self, first: Array, second: Array, share: Array) -> Array:
        """The points a share (K,) of the way, 0 to 1, from `first` (K, L) to `second` (K, L)."""
        return first + share[:, None] * (second - first)


class Sphere(Space):
    """A sphere about the origin, on which distances are angles.

    Args:
        radius: Its radius.
    """

    def __init__(self, radius: float) -> None:
        self.radius = radius

    def place(self, vectors: Array) -> Array:
        """Bring vectors to length `radius`: (..., L) → (..., L)."""
        return normalised(vectors) * self.radius

    def between(self, first: Array, second: Array, share: Array) -> Array:
        """The points a share (K,) of the way along the chord, at the lengths of `first` (K, L)."""
        length = namespace(first).linalg.vector_norm(first, axis=1, keepdims=True)
        return normalised(super().between(first, normalised(second) * length, share)) * length


def space_of(radius: float) -> Space:
    """The sphere of that radius; all of space if it is 0."""
    return Sphere(radius) if radius else Space()
