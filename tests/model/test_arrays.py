from __future__ import annotations

import numpy as np
import torch

from zsl_images.model.arrays import distances, namespace, normalised


def test_each_array_has_its_own_namespace() -> None:
    assert namespace(np.zeros(1)) is np
    assert namespace(torch.zeros(1)) is torch


def test_vectors_get_length_one_and_zeros_stay() -> None:
    vectors = np.array([[3, 4], [0, 0]], np.float32)
    np.testing.assert_allclose(normalised(vectors), [[0.6, 0.8], [0, 0]])
    assert normalised(vectors).dtype == np.float32
    torch.testing.assert_close(
        normalised(torch.from_numpy(vectors)), torch.nn.functional.normalize(torch.from_numpy(vectors))
    )


def test_distances_are_the_same_for_numpy_and_torch() -> None:
    first, second = np.random.default_rng(0).normal(size=(2, 40, 6)).astype(np.float32)
    expected = np.linalg.norm(first[:, None] - second, axis=2)
    np.testing.assert_allclose(distances(first, second), expected, atol=1e-5)
    found = distances(torch.from_numpy(first), torch.from_numpy(second))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_distance_of_zero_has_a_gradient() -> None:
    points = torch.ones(2, 3, requires_grad=True)
    distances(points, points).sum().backward()
    assert points.grad is not None
    assert torch.isfinite(points.grad).all()
