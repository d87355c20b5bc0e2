"""Latent maps put photos near the prior of their class, if the head does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zsl_images.errors import DataError
from zsl_images.evaluation.benchmarks import trained_head
from zsl_images.evaluation.latent_maps import latent_map
from zsl_images.evaluation.xlsa17 import read_xlsa17


def test_photos_lie_around_their_priors(dataset: Path) -> None:
    data = read_xlsa17(dataset)
    head = trained_head(data, "best", 0)
    found = latent_map(head, data)
    rows = np.concatenate([data.rows["test_seen"], data.rows["test_unseen"]])
    assert found.labels.tolist() == data.labels[rows].tolist()
    assert found.photos.shape == (len(rows), 2)
    assert found.priors.shape == (len(data.table), 2)
    distances = np.linalg.norm(found.photos[:, None] - found.priors, axis=2)
    own = distances[np.arange(len(rows)), found.labels]
    of_seen = data.table.is_seen[found.labels]
    assert np.median(own[of_seen]) < np.median(distances[of_seen])


def test_many_photos_are_thinned_and_the_map_is_repeatable(dataset: Path) -> None:
    data = read_xlsa17(dataset)
    head = trained_head(data, "best", 0)
    first, second = (latent_map(head, data, seed=1, most=12) for _ in range(2))
    assert len(first.photos) == 12
    assert first.labels.tolist() == second.labels.tolist()
    with pytest.raises(DataError, match="5 or more"):
        latent_map(head, data, most=4)
