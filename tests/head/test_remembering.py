from __future__ import annotations

import numpy as np
import pytest
import torch
from drawing import UNSEEN

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.head.class_memory import Memory
from zsl_images.head.remembering import RANK, Recollection, remember


@pytest.fixture
def memory(trained: ZeroShotClassifier) -> Memory:
    found = trained.head.memory
    assert found is not None
    return found


def drawing(memory: Memory) -> Recollection:
    return Recollection(memory, torch.device("cpu"))


def test_the_seen_classes_are_remembered_and_no_others(
    trained: ZeroShotClassifier, memory: Memory
) -> None:
    assert memory.names == trained.table.seen_names
    assert not set(memory.names) & set(UNSEEN)
    config = trained.head.config
    assert memory.errors.shape == (len(memory.names), config.latent_dim)


def test_what_is_drawn_lies_where_the_class_lies(trained: ZeroShotClassifier, memory: Memory) -> None:
    rows = torch.arange(len(memory.names)).repeat(50)
    x = drawing(memory).draw(rows, torch.Generator().manual_seed(0))
    x = trained.head.model.feature_scaling.place(x)
    nearest = torch.cdist(x, torch.from_numpy(memory.means)).argmin(1)
    assert (nearest == rows).float().mean() > 0.9


def test_mean_and_spread_of_a_class_are_those_of_its_rows(trained: ZeroShotClassifier) -> None:
    model = trained.head.model
    features = torch.rand(60, model.config.feature_dim, generator=torch.Generator().manual_seed(1))
    labels = torch.arange(6).repeat(10)
    names = [f"class {row}" for row in range(6)]
    memory = remember(model, features.numpy(), labels.numpy(), names)
    scaled = model.feature_scaling(features)
    np.testing.assert_allclose(memory.means[2], scaled[labels == 2].mean(0), atol=1e-6)
    total = np.square(memory.spreads).sum(axis=(1, 2)).mean() + np.square(memory.rest).sum()
    expected = torch.stack([scaled[labels == k].var(0, unbiased=False).sum() for k in range(6)]).mean()
    np.testing.assert_allclose(total, expected, rtol=1e-5)


def test_a_class_with_one_row_has_no_spread_of_its_own(trained: ZeroShotClassifier) -> None:
    features = torch.rand(7, trained.head.model.config.feature_dim)
    labels = torch.tensor([0, 1, 2, 3, 4, 5, 5])
    memory = remember(trained.head.model, features.numpy(), labels.numpy(), list("abcdef"))
    assert memory.spreads.shape[1] == RANK
    assert not memory.spreads[0].any()
    assert memory.spreads[5].any()


def test_everything_remembered_and_drawn_is_on_the_models_device(
    trained: ZeroShotClassifier, memory: Memory
) -> None:
    """With `meta` as default device, a tensor made without a device would hold no values."""
    model, generator = trained.head.model, torch.Generator()
    features, labels = torch.rand(12, model.config.feature_dim), torch.arange(12) % 6
    with torch.device("meta"):
        made = remember(model, features.numpy(), labels.numpy(), list("abcdef"))
        drawn = drawing(made).draw(labels, generator)
    assert drawn.device == model.device
    for values in (made.means, made.spreads, made.rest, made.errors, drawn.numpy()):
        assert np.isfinite(values).all()


def test_the_same_generator_draws_the_same(memory: Memory) -> None:
    rows = torch.zeros(4, dtype=torch.int64)
    one, other = (drawing(memory).draw(rows, torch.Generator().manual_seed(3)) for _ in range(2))
    np.testing.assert_array_equal(one.numpy(), other.numpy())
