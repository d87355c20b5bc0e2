from __future__ import annotations

import numpy as np
import pytest

from zsl_images.errors import DataError
from zsl_images.head.folds import hold_out, make_folds


def test_only_photos_are_held_out_if_no_class_is_treated_as_unseen() -> None:
    labels = np.repeat(np.arange(4), 10)
    fold = hold_out(labels, np.random.default_rng(0), np.empty(0, np.int64))
    assert sorted(np.concatenate([fold.train, fold.seen])) == list(range(40))
    assert (np.bincount(labels[fold.seen]) == 2).all()
    assert not len(fold.unseen)


def test_folds_divide_the_rows_and_each_treats_other_classes_as_unseen() -> None:
    labels = np.repeat(np.arange(10), 10)
    folds = make_folds(labels, 5, np.random.default_rng(0))
    played = []
    for fold in folds:
        rows = np.concatenate([fold.train, fold.seen, fold.unseen])
        assert sorted(rows) == list(range(100))
        assert not set(labels[fold.unseen]) & set(labels[fold.train])
        assert set(labels[fold.seen]) == set(labels[fold.train])
        played += set(labels[fold.unseen])
    assert sorted(played) == list(range(10))


def test_too_few_classes_or_photos_are_refused() -> None:
    with pytest.raises(DataError, match="3 classes with photos, expected at least 5"):
        make_folds(np.repeat([0, 1, 2], 5), 2, np.random.default_rng(0))
    with pytest.raises(DataError, match="too few photos"):
        make_folds(np.arange(10), 2, np.random.default_rng(0))
