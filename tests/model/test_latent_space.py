from __future__ import annotations

import pytest
import torch

from zsl_images.model.latent_space import Space, Sphere, space_of


def test_vectors_are_placed_on_the_sphere_or_left() -> None:
    vectors = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(space_of(0).place(vectors), vectors)
    placed = space_of(2.5).place(vectors)
    torch.testing.assert_close(placed.norm(dim=1), torch.full((5,), 2.5))
    torch.testing.assert_close(space_of(2.5).place(7 * placed), placed)


@pytest.mark.parametrize("space", [Space(), Sphere(2.0)], ids=["flat", "sphere"])
def test_a_share_of_the_way_begins_at_the_first_and_ends_at_the_second(space: Space) -> None:
    first, second = space.place(torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0)))
    torch.testing.assert_close(space.between(first, second, torch.zeros(4)), first)
    torch.testing.assert_close(space.between(first, second, torch.ones(4)), second)
    half = space.between(first, second, torch.full((4,), 0.5))
    torch.testing.assert_close((half - first).norm(dim=1), (half - second).norm(dim=1))


def test_on_a_sphere_each_vector_keeps_its_length() -> None:
    first, second = torch.randn(2, 4, 3, generator=torch.Generator().manual_seed(0))
    between = Sphere(2.0).between(first, second, torch.rand(4))
    torch.testing.assert_close(between.norm(dim=1), first.norm(dim=1))
