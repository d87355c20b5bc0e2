from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from small_models import SEEN, small_data

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError
from zsl_images.head.fit import train_on_features
from zsl_images.head.head import Head
from zsl_images.head.latent_source import LatentSource


@pytest.fixture(scope="module")
def head() -> Head:
    """Twelve seen and four unseen classes."""
    data = small_data()
    names = tuple(f"class {number}" for number in range(len(data.attributes)))
    table = ClassTable(names, tuple(f"a{a}" for a in range(10)), data.attributes)
    return train_on_features(data.features, data.labels, table, folds=0)


def test_latents_of_every_class_lie_nearest_to_its_prior(head: Head) -> None:
    source = LatentSource(head, None, torch.Generator().manual_seed(0))
    assert source.classes.tolist() == list(range(len(head.table)))
    y = source.classes.repeat_interleave(20)
    nearest = torch.cdist(source.latents(y), source.priors).argmin(1)
    assert float((nearest == y)[y < SEEN].float().mean()) > 0.8


def test_given_rows_come_before_generated_ones(head: Head) -> None:
    data = small_data()
    of_one = data.labels == 3
    known = data.features[of_one], ["class 3"] * int(of_one.sum())
    source = LatentSource(head, known, torch.Generator().manual_seed(0))
    found = source.latents(torch.full((6,), 3)).numpy()
    given = head.frozen.latents(data.features[of_one])
    distances = np.linalg.norm(found[:, None] - given, axis=2)
    np.testing.assert_allclose(distances.min(axis=1), 0, atol=1e-4)


def test_a_head_without_a_memory_generates_nothing(head: Head) -> None:
    with pytest.raises(DataError, match="remembers nothing of its training rows"):
        LatentSource(replace(head, memory=None), None, torch.Generator())
