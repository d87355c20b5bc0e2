from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawing import UNSEEN

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError
from zsl_images.head.class_memory import RANK, Memory, remember


@pytest.fixture
def memory(trained: ZeroShotClassifier) -> Memory:
    found = trained.head.memory
    assert found is not None
    return found


def test_the_seen_classes_are_remembered_and_no_others(
    trained: ZeroShotClassifier, memory: Memory
) -> None:
    assert memory.names == trained.table.seen_names
    assert not set(memory.names) & set(UNSEEN)
    config = trained.head.model.config
    assert memory.errors.shape == (len(memory.names), config.latent_dim)


def test_what_is_drawn_lies_where_the_class_lies(trained: ZeroShotClassifier, memory: Memory) -> None:
    rows = torch.arange(len(memory.names)).repeat(50)
    x = memory.draw(rows, torch.Generator().manual_seed(0))
    x = trained.head.model.feature_scaling.place(x)
    nearest = torch.cdist(x, memory.means).argmin(1)
    assert (nearest == rows).float().mean() > 0.9


def test_mean_and_spread_of_a_class_are_those_of_its_rows(trained: ZeroShotClassifier) -> None:
    model = trained.head.model
    features = torch.rand(60, model.config.feature_dim, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(6).repeat(10)
    names = [f"class {row}" for row in range(6)]
    memory = remember(model, features, labels, names)
    scaled = model.feature_scaling(features)
    torch.testing.assert_close(memory.means[2], scaled[labels == 2].mean(0))
    total = memory.spreads.square().sum(dim=(1, 2)).mean() + memory.rest.square().sum()
    expected = torch.stack([scaled[labels == k].var(0, unbiased=False).sum() for k in range(6)]).mean()
    torch.testing.assert_close(total, expected)


def test_a_class_with_one_row_has_no_spread_of_its_own(trained: ZeroShotClassifier) -> None:
    features = torch.rand(7, trained.head.model.config.feature_dim)
    labels = torch.tensor([0, 1, 2, 3, 4, 5, 5])
    memory = remember(trained.head.model, features, labels, list("abcdef"))
    assert memory.spreads.shape[1] == RANK
    assert not memory.spreads[0].any()
    assert memory.spreads[5].any()


def test_a_new_class_spreads_like_its_nearest(memory: Memory) -> None:
    more = memory.with_class("pink", memory.means[1] + 0.01)
    assert more.names == (*memory.names, "pink")
    torch.testing.assert_close(more.spreads[-1], memory.spreads[1])


def test_classes_can_be_chosen_and_renamed(memory: Memory) -> None:
    two = memory.select(["blue", "nothing", "red"]).renamed(["b", "r"])
    assert two.names == ("b", "r")
    torch.testing.assert_close(two.means[1], memory.means[memory.names.index("red")])


def test_parts_that_do_not_fit_are_refused(memory: Memory) -> None:
    with pytest.raises(DataError, match="6 classes"):
        replace(memory, means=memory.means[:-1])


def test_everything_remembered_and_drawn_is_on_the_models_device(
    trained: ZeroShotClassifier, memory: Memory
) -> None:
    """With `meta` as default device, a tensor made without a device would hold no values."""
    model, generator = trained.head.model, torch.Generator()
    features, labels = torch.rand(12, model.config.feature_dim), torch.arange(12) % 6
    with torch.device("meta"):
        made = remember(model, features, labels, list("abcdef"))
        made = made.with_class("g", made.means[0])
        drawn = made.draw(labels, generator)
    for tensor in (made.means, made.spreads, made.rest, made.errors, drawn):
        assert tensor.device == model.device
        assert torch.isfinite(tensor).all()


def test_the_same_generator_draws_the_same(memory: Memory) -> None:
    rows = torch.zeros(4, dtype=torch.int64)
    one, other = (memory.draw(rows, torch.Generator().manual_seed(3)) for _ in range(2))
    np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_the_first_class_remembered_has_no_spread(memory: Memory) -> None:
    one = memory.select([]).with_class("pink", memory.means[1])
    assert one.names == ("pink",)
    torch.testing.assert_close(one.means, memory.means[1:2])
    assert one.spreads.shape == (1, *memory.spreads.shape[1:])
    assert not one.spreads.any()
