from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from splits import SEEN, as_in_public_files, xlsa17_arrays

from zsl_images.errors import DataError, SplitWarning
from zsl_images.evaluation.splits import read_rows

GIVEN = {key: value for key, value in xlsa17_arrays()["att_splits.mat"].items() if "_loc" in key}
LABELS = xlsa17_arrays()["res101.mat"]["labels"].ravel() - 1
UNSEEN_ROW = GIVEN["test_unseen_loc"][:1]
TESTED, TRAIN, VAL = (GIVEN[f"{name}_loc"] for name in ("test_seen", "train", "val"))


def rows_of(without: tuple[str, ...] = (), **changes: np.ndarray) -> dict[str, set[int]]:
    content = {name: value for name, value in {**GIVEN, **changes}.items() if name not in without}
    rows = read_rows(content, Path("splits.mat"), LABELS)
    return {name: set(found.tolist()) for name, found in rows.items()}


@pytest.mark.parametrize("changes", [{}, as_in_public_files()], ids=["ours", "public"])
def test_train_and_val_are_trainval_without_a_doubt(changes: dict[str, np.ndarray]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        rows = rows_of(**changes)
    assert rows["trainval"] == set(GIVEN["trainval_loc"].ravel() - 1)
    assert rows["train"] == set(TRAIN.ravel() - 1)
    assert rows["val"] == set(VAL.ravel() - 1)


def test_a_file_without_validation_has_none() -> None:
    assert set(rows_of(("train_loc", "val_loc"))) == {"trainval", "test_seen", "test_unseen"}
    with pytest.raises(DataError, match="has no variable 'val_loc'"):
        rows_of(("val_loc",))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("trainval", np.concatenate([GIVEN["trainval_loc"], UNSEEN_ROW]), "1 classes .* not unseen"),
        ("test_unseen", np.concatenate([UNSEEN_ROW, TRAIN[:2]]), "1 classes .* not unseen"),
        ("test_seen", np.concatenate([TESTED, UNSEEN_ROW]), "1 classes of test_seen_loc .* not seen"),
        ("train", TESTED, "train_loc has no row within"),
        ("val", TESTED, "no class of val_loc is missing in train_loc"),
        ("val", TRAIN[:30], "no class of val_loc is missing in train_loc"),
        ("test_seen", np.zeros((0, 1)), "test_seen_loc is empty"),
        ("val", np.zeros((0, 0)), "val_loc is empty"),
        ("trainval", np.array([[1.5]]), "'trainval_loc' .* not whole numbers"),
        ("trainval", np.array([[0]]), "not whole numbers from 1 on"),
        ("trainval", np.array([[np.nan]]), "not whole numbers"),
        ("trainval", np.array([[2.0**60]]), "not whole numbers"),
        ("trainval", np.array([[9999]]), "points outside of the 156 rows"),
        ("trainval", np.array([[1, 2], [3, 4]]), "expected one row or column"),
        ("trainval", np.array(["a"]), "expected numbers"),
    ],
)
def test_splits_that_mean_nothing_are_refused(name: str, value: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=rf"splits\.mat: .*{message}"):
        rows_of(**{f"{name}_loc": value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"test_seen": np.concatenate([TESTED, TRAIN[:3]])},
            "3 rows are in trainval_loc and in test_seen",
        ),
        ({"train": TRAIN[3:]}, "3 rows of trainval_loc are in neither"),
        ({"train": np.concatenate([TRAIN, TESTED[:3]])}, "3 rows of train_loc and val_loc are not in"),
        ({"train": np.concatenate([TRAIN, UNSEEN_ROW])}, "1 rows of train_loc and val_loc are not in"),
        ({"train": np.concatenate([TRAIN, VAL[:1]])}, "1 classes are in train_loc and in val_loc"),
        (
            {"trainval": np.concatenate([GIVEN["trainval_loc"], TRAIN[:2]])},
            "names 2 rows more than once",
        ),
    ],
)
def test_what_may_mislead_is_warned_of(changes: dict[str, np.ndarray], message: str) -> None:
    with pytest.warns(SplitWarning, match=message) as record:
        rows = rows_of(**{f"{name}_loc": value for name, value in changes.items()})
    assert len(record) == 1
    assert rows["train"] | rows["val"] <= rows["trainval"]
    assert not any(LABELS[row] >= SEEN for row in rows["trainval"])
