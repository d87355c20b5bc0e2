"""Splits: the rows of a data set that are learned from, validated on and tested on, without leaks."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsl_images.errors import DataError, SplitWarning
from zsl_images.evaluation.matlab_files import whole_numbers
from zsl_images.evaluation.matlab_reader import Arrays

TRAINVAL, TRAIN, VAL = "trainval", "train", "val"
TEST_SEEN, TEST_UNSEEN = "test_seen", "test_unseen"
SPLITS = (TRAINVAL, TRAIN, VAL, TEST_SEEN, TEST_UNSEEN)

Rows = dict[str, npt.NDArray[np.int64]]


def read_rows(content: Arrays, path: Path, labels: npt.NDArray[np.int64]) -> Rows:
    """The rows of each split, counted from 0, with `train` and `val` inside `trainval`.

    In the public files, `train_loc` and `val_loc` together are `trainval_loc` and `test_seen_loc`. Rows
    outside of `trainval_loc` are dropped, since learning from them would leak.

    Args:
        content: Variables NAME_loc of `att_splits.mat`.
        path: That file, for messages.
        labels: Class of each row of the data set, (N,).

    Returns:
        Split → row numbers; `train` and `val` are missing if the file has neither.

    Raises:
        DataError: A split is missing, empty or points outside, a class is both seen and unseen, a
            class is tested as seen that is not, or no class of `val` could play unseen.

    Warns:
        SplitWarning: A row is learned from and tested on, a row is named twice, or `train_loc` and
            `val_loc` are neither `trainval_loc` nor the public files' form.
    """
    names = [TRAINVAL, TEST_SEEN, TEST_UNSEEN]
    if f"{TRAIN}_loc" in content or f"{VAL}_loc" in content:
        names += [TRAIN, VAL]
    given = {name: _rows(content, name, path, len(labels)) for name in names}
    rows = {
        name: of[np.isin(of, given[TRAINVAL])] if name in (TRAIN, VAL) else of
        for name, of in given.items()
    }
    classes = {name: np.unique(labels[of]) for name, of in rows.items()}
    _refuse(classes, path)
    for doubt in _doubts(given, classes):
        warnings.warn(f"{path}: {doubt}", SplitWarning, stacklevel=3)
    return rows


def _rows(content: Arrays, name: str, path: Path, count: int) -> npt.NDArray[np.int64]:
    """The rows of a split, counted from 0."""
    rows = whole_numbers(content, f"{name}_loc", path) - 1
    if not rows.size:
        raise DataError(f"{path}: {name}_loc is empty; expected rows in each split")
    if rows.max() >= count:
        raise DataError(f"{path}: {name}_loc points outside of the {count} rows of features")
    return rows


def _refuse(classes: Rows, path: Path) -> None:
    """Refuse splits whose figures would mean nothing."""
    problem, seen = "", classes[TRAINVAL]
    if both := np.intersect1d(seen, classes[TEST_UNSEEN]).size:
        problem = (
            f"{both} classes have rows in {TRAINVAL}_loc and in {TEST_UNSEEN}_loc, so they are not "
            "unseen"
        )
    elif stray := np.setdiff1d(classes[TEST_SEEN], seen).size:
        problem = (
            f"{stray} classes of {TEST_SEEN}_loc have no row in {TRAINVAL}_loc, so they are not seen"
        )
    elif VAL in classes and not np.setdiff1d(classes[VAL], classes[TRAIN]).size:
        problem = (
            f"within {TRAINVAL}_loc, no class of {VAL}_loc is missing in {TRAIN}_loc to play unseen"
        )
    elif TRAIN in classes and not classes[TRAIN].size:
        problem = f"{TRAIN}_loc has no row within {TRAINVAL}_loc"
    if problem:
        raise DataError(f"{path}: {problem}; correct the split")


def _doubts(given: Rows, classes: Rows) -> Iterator[str]:
    """What may mislead in the figures of a split.

    Args:
        given: Rows of each split as the file has them.
        classes: Classes of each split, those of `train` and `val` within `trainval`.
    """
    for name, rows in given.items():
        if twice := rows.size - np.unique(rows).size:
            yield f"{name}_loc names {twice} rows more than once, so they count more than others"
    if shared := np.intersect1d(given[TRAINVAL], given[TEST_SEEN]).size:
        yield f"{shared} rows are in {TRAINVAL}_loc and in {TEST_SEEN}_loc, so s and H are too high"
    if VAL not in given:
        return
    if both := np.intersect1d(classes[TRAIN], classes[VAL]).size:
        yield f"{both} classes are in {TRAIN}_loc and in {VAL}_loc, so they cannot play unseen"
    validated = np.concatenate([given[TRAIN], given[VAL]])
    if apart := np.setdiff1d(given[TRAINVAL], validated).size:
        yield f"{apart} rows of {TRAINVAL}_loc are in neither {TRAIN}_loc nor {VAL}_loc"
    others = np.setdiff1d(validated, given[TRAINVAL])
    tested = np.setdiff1d(given[TEST_SEEN], given[TRAINVAL])
    if others.size and not np.array_equal(others, tested):
        yield (
            f"{others.size} rows of {TRAIN}_loc and {VAL}_loc are not in {TRAINVAL}_loc, and are not "
            f"those of {TEST_SEEN}_loc as in the public files; they are left out"
        )
