from __future__ import annotations

import numpy as np

from zsl_images.head.folds import hold_out, make_folds


def test_photos_alone_are_held_out_where_no_class_plays_unseen() -> None:
    labels = np.repeat(np.arange(4), 10)
    fold = hold_out(labels, np.random.default_rng(0), np.empty(0, np.int64))
    assert sorted(np.concatenate([fold.train, fold.seen])) == list(range(40))
    assert (np.bincount(labels[fold.seen]) == 2).all()
    assert not len(fold.unseen)


def test_folds_part_rows_and_play_other_classes_as_unseen() -> None:
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
