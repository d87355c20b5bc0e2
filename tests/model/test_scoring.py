from __future__ import annotations

import pytest
import torch

from zsl_images.model.scoring import (
    class_probabilities,
    class_scores,
    nearest_distances,
    penalised,
    top_classes,
    unknown_scores,
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
    probabilities = class_probabilities(class_scores(latents, priors), 1.0)
    top, columns = top_classes(probabilities, 99)
    assert top.shape == (6, 5)
    assert (top.diff(dim=1) <= 0).all()
    torch.testing.assert_close(probabilities.gather(1, columns), top)


def test_the_unknown_score_is_the_share_of_known_photos_that_lie_nearer() -> None:
    known = [1.0, 2.0, 3.0, 4.0]
    centres = torch.tensor([[0.0, 0.0], [3.0, 0.0]])
    distances = nearest_distances(torch.tensor([[0.5, 0.5], [3.0, 1.5], [9.0, 9.0]]), centres)
    torch.testing.assert_close(distances, torch.tensor([0.5, 2.25, 117.0]))
    torch.testing.assert_close(unknown_scores(distances, known), torch.tensor([0.0, 0.5, 1.0]))
