from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from small_models import small

from zsl_images.model.mmvae import MultiModalVAE, build
from zsl_images.model.roll_back import RollBack
from zsl_images.progress import StepRecord


@pytest.fixture
def model() -> MultiModalVAE:
    config = replace(small("sgal").model, feature_dim=4, attribute_dim=4, seen_classes=3)
    return build(config)


def place(model: MultiModalVAE) -> float:
    """Where `walk` has brought the model to."""
    return float(model.encoder.mu.bias[0].detach())


def walk(model: MultiModalVAE, steps: int) -> Iterator[StepRecord]:
    """A training whose every step moves the model by 1, from 0."""
    with torch.no_grad():
        model.encoder.mu.bias.zero_()
    for step in range(1, steps + 1):
        with torch.no_grad():
            model.encoder.mu.bias += 1
        yield StepRecord("walk", step, steps)


@pytest.mark.parametrize(
    ("best_place", "expected", "share"),
    [
        (9, 6, 1.0),  # each look is better than the one before
        (0, 0, 0.0),  # each is worse than the start
        (2, 2, 1 / 3),  # the first look is the best one
    ],
)
def test_weights_are_kept_if_the_score_rises_and_go_back_if_it_falls(
    model: MultiModalVAE, best_place: int, expected: int, share: float
) -> None:
    torch.nn.init.zeros_(model.encoder.mu.bias)
    roll_back = RollBack(lambda model: -abs(place(model) - best_place), interval=2)
    records = list(roll_back.over(walk(model, 6), model))
    assert [record.step for record in records] == [1, 2, 3, 4, 5, 6]
    assert place(model) == expected
    assert roll_back.share == pytest.approx(share)


def test_the_next_steps_start_from_the_best_weights(model: MultiModalVAE) -> None:
    torch.nn.init.zeros_(model.encoder.mu.bias)
    places = []
    roll_back = RollBack(lambda model: -abs(place(model) - 2), interval=2)
    for _ in roll_back.over(walk(model, 6), model):
        places.append(place(model))
    assert places == [1, 2, 3, 2, 3, 2]


def test_the_last_step_is_looked_at_too(model: MultiModalVAE) -> None:
    torch.nn.init.zeros_(model.encoder.mu.bias)
    roll_back = RollBack(place, interval=4)
    list(roll_back.over(walk(model, 6), model))
    assert place(model) == 6
    assert roll_back.share == 1


def test_a_look_changes_nothing_but_the_weights(model: MultiModalVAE) -> None:
    seen = []

    def score(model: MultiModalVAE) -> float:
        seen.append((torch.is_grad_enabled(), any(part.training for part in model.modules())))
        return -len(seen)

    model.train().prior.eval()
    modes = [part.training for part in model.modules()]
    list(RollBack(score, interval=1).over(walk(model, 2), model))
    assert seen == [(False, False)] * 3
    assert [part.training for part in model.modules()] == modes
