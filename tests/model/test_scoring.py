from __future__ import annotations

import numpy as np
import pytest
import torch

from zsl_images.model.arrays import Array
from zsl_images.model.scoring import (
    class_probabilities,
    class_scores,
    nearest_distances,
    penalised,
    top_classes,
)


@pytest.fixture
def latents() -> torch.Tensor:
    return torch.randn(6, 4, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def priors() -> torch.Tensor:
    return torch.randn(5, 4, generator=torch.Generator().manual_seed(1))


def test_a_score_is_the_negative_squared_distance(latents: torch.Tensor, priors: torch.Tensor) -> None:
    expected = -torch.cdist(latents, priors).square()
    torch.testing.assert_close(class_scores(latents, priors), expected)


def test_permuting_classes_permutes_scores(latents: torch.Tensor, priors: torch.Tensor) -> None:
    order = torch.tensor([3, 1, 4, 0, 2])
    is_seen = torch.tensor([True, False, True, True, False])
    scores = penalised(class_scores(latents, priors), is_seen, 0.7)
    permuted = penalised(class_scores(latents, priors[order]), is_seen[order], 0.7)
    torch.testing.assert_close(permuted, scores[:, order])


def test_the_penalty_is_taken_from_seen_classes_only(
    latents: torch.Tensor, priors: torch.Tensor
) -> None:
    is_seen = torch.tensor([True, False, True, True, False])
    scores = class_scores(latents, priors)
    difference = scores - penalised(scores, is_seen, 2.0)
    torch.testing.assert_close(difference, 2.0 * is_seen.float().expand(6, 5))


def test_probabilities_sum_to_one_and_sharpen_as_it_cools(
    latents: torch.Tensor, priors: torch.Tensor
) -> None:
    scores = class_scores(latents, priors)
    warm, cool = class_probabilities(scores, 10.0), class_probabilities(scores, 0.1)
    torch.testing.assert_close(warm.sum(1), torch.ones(6))
    assert (cool.max(1).values > warm.max(1).values).all()
    assert (cool.argmax(1) == scores.argmax(1)).all()


def test_top_classes_are_at_most_all(latents: torch.Tensor, priors: torch.Tensor) -> None:
    probabilities = class_probabilities(class_scores(latents, priors), 1.0).numpy()
    top, columns = top_classes(probabilities, 99)
    assert top.shape == (6, 5)
    assert (np.diff(top, axis=1) <= 0).all()
    np.testing.assert_array_equal(np.take_along_axis(probabilities, columns, 1), top)
    two, _ = top_classes(probabilities, 2)
    np.testing.assert_array_equal(two, top[:, :2])


def test_distances_are_those_to_the_nearest_centre() -> None:
    centres = np.array([[0, 0], [3, 0]], np.float32)
    scaled = np.array([[0.5, 0.5], [3, 1.5], [9, 9]], np.float32)
    distances = nearest_distances(scaled, centres)
    np.testing.assert_allclose(distances, [0.5, 2.25, 117])


def test_numpy_and_torch_score_alike(latents: torch.Tensor, priors: torch.Tensor) -> None:
    is_seen = torch.tensor([True, False, True, True, False])

    def probabilities(latents: Array, priors: Array, is_seen: Array) -> Array:
        return class_probabilities(penalised(class_scores(latents, priors), is_seen, 0.7), 0.5)

    found = probabilities(latents.numpy(), priors.numpy(), is_seen.numpy())
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, probabilities(latents, priors, is_seen), atol=1e-6)


def test_rows_far_apart_have_probabilities_of_their_own() -> None:
    scores = np.array([[0.0, -1.0], [-1e4, -1e4 - 1]], np.float32)
    found = class_probabilities(scores, 1.0)
    np.testing.assert_allclose(found, [[0.731059, 0.268941]] * 2, atol=1e-4)


def test_top_classes_are_the_right_ones_in_each_row() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(7), 5).astype(np.float32)
    for count in (1, 3, 7, 9):
        top, columns = top_classes(probabilities, count)
        expected = np.argsort(-probabilities, axis=1)[:, :count]
        np.testing.assert_array_equal(columns, expected)
        np.testing.assert_array_equal(top, np.take_along_axis(probabilities, expected, 1))
