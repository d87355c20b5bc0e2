from __future__ import annotations

import numpy as np
import pytest

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError
from zsl_images.head.folds import make_folds
from zsl_images.head.head_training import train_on_features
from zsl_images.model.config import Recipe


def test_too_few_classes_or_photos_are_refused(colour_table: ClassTable) -> None:
    with pytest.raises(DataError, match="at least 2 seen classes"):
        train_on_features(np.ones((3, 4), np.float32), np.zeros(3, np.int64), colour_table)
    with pytest.raises(DataError, match="at least 5"):
        make_folds(np.repeat([0, 1, 2], 5), 2, np.random.default_rng(0))
    with pytest.raises(DataError, match="too few photos"):
        make_folds(np.arange(10), 2, np.random.default_rng(0))


def test_classes_with_rows_are_seen_whatever_the_table_said(
    colour_table: ClassTable, small_recipe: Recipe
) -> None:
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(6), 10)
    features = rng.normal(size=(60, 12)).astype(np.float32)
    seen = colour_table.names[:6]
    head = train_on_features(features, labels, colour_table, recipe=small_recipe, folds=1)
    assert head.table.seen_names == seen
