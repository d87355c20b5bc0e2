"""The field's file layout, `res101.mat` and `att_splits.mat` (Xian et al., TPAMI 2019; "xlsa17")."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.io

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import ClassTableError, DataError, SplitWarning
from zsl_images.evaluation.matlab_files import Arrays, read_matlab
from zsl_images.features.backbones import Backbone
from zsl_images.features.extraction import labelled_features
from zsl_images.files import make_folder, replacing
from zsl_images.progress import OnStep
from zsl_images.results import Failure


def write_photos(
    photos: str | os.PathLike[str],
    table: ClassTable,
    folder: str | os.PathLike[str],
    backbone: Backbone,
    *,
    unseen: Sequence[str] | None = None,
    seed: int = 0,
    cache: str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> tuple[Failure, ...]:
    """Write photos in class folders as features in the field's layout.

    Args:
        photos: Folder with one folder of photos per class.
        table: Class table with a row for each of these classes; other rows are left out.
        folder: See `write_xlsa17`.
        backbone: Backbone that makes the features.
        unseen: Classes held out as unseen. Default: a random fifth of them.
        seed: Seed of the split.
        cache: See `learning.train`.
        on_step: Called with each record of progress.

    Returns:
        The photos that could not be read.

    Raises:
        ClassTableError: A folder has no row in the table, or a class of `unseen` has no folder.
    """
    features, classes = labelled_features(photos, table.names, backbone, cache, on_step)
    rows = table.rows_of(classes)
    present, labels = np.unique(rows, return_inverse=True)
    table = table.select([table.names[row] for row in present])
    if not unseen:
        count = max(1, round(len(table) / 5))
        unseen = np.random.default_rng(seed).permutation(table.names)[:count].tolist()
    table.select(unseen)
    table = table.with_seen(set(table.names) - set(unseen))
    write_xlsa17(folder, features.features, labels, table, features.paths, seed)
    return features.failures


FEATURES_FILE, SPLITS_FILE = "res101.mat", "att_splits.mat"


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Features and proposed split of a data set; rows are counted from 0.

    Args:
        name: Name of the folder.
        features: Features (N, D).
        labels: Row of `table` for each feature, (N,).
        table: K classes with their attributes; those of `trainval` are seen.
        rows: `train`, `val`, `trainval`, `test_seen`, `test_unseen` → row numbers.
    """

    name: str
    features: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    table: ClassTable
    rows: dict[str, npt.NDArray[np.int64]]


def read_xlsa17(folder: str | os.PathLike[str]) -> Benchmark:
    """Read a folder with `res101.mat` and `att_splits.mat`.

    Attributes are `original_att` if the file has it, else `att`. Classes without names are called
    `class_01` and so on.

    Raises:
        DataError: A file or variable is missing or damaged, they do not fit together, or a class is
            both seen and unseen.

    Warns:
        SplitWarning: Rows are both learned from and tested on, or are left out of the validation.
    """
    folder = Path(folder)
    where, splits_at = folder / FEATURES_FILE, folder / SPLITS_FILE
    features_file, splits = _read(where), _read(splits_at)
    features = _numbers(features_file, "features", where).T
    labels = _whole(features_file, "labels", where) - 1
    key = "original_att" if "original_att" in splits else "att"
    attributes = _numbers(splits, key, splits_at).T.astype(np.float32)
    classes = len(attributes)
    names = [f"class_{number:0{len(str(classes))}}" for number in range(1, classes + 1)]
    if "allclasses_names" in splits:
        names = [str(name).strip() for name in splits["allclasses_names"].ravel()]
    fits = len(features) == len(labels) > 0 and 0 <= labels.min() <= labels.max() < len(names)
    if not fits or len(names) != classes:
        raise DataError(
            f"{folder}: {len(features)} features, {len(labels)} labels, {len(names)} names and "
            f"{classes} rows of attributes do not fit together"
        )
    rows = _rows(splits, splits_at, labels)
    is_seen = np.isin(np.arange(classes), labels[rows["trainval"]])
    width = len(str(attributes.shape[1]))
    attribute_names = [f"attribute_{i + 1:0{width}}" for i in range(attributes.shape[1])]
    try:
        table = ClassTable(tuple(names), tuple(attribute_names), attributes, is_seen)
    except ClassTableError as error:
        raise DataError(f"{splits_at}: {error}") from error
    return Benchmark(
        name=folder.resolve().name,
        features=np.ascontiguousarray(features, np.float32),
        labels=labels,
        table=table,
        rows=rows,
    )


def _rows(
    splits: Arrays, path: Path, labels: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[np.int64]]:
    """The rows of each split, train and val within trainval.

    In the public files train and val also hold the rows of test_seen; learning from these would leak.
    A file without them gets a fifth of the seen classes as val.
    """
    rows = {}
    for name in ("trainval", "test_seen", "test_unseen"):
        rows[name] = _split(splits, name, path, len(labels))
        if not rows[name].size:
            raise DataError(f"{path}: {name}_loc is empty; these figures need rows in each split")
    seen = np.unique(labels[rows["trainval"]])
    _check_leaks(rows, labels, path)
    if "train_loc" in splits and "val_loc" in splits:
        for name in ("train", "val"):
            given = _split(splits, name, path, len(labels))
            rows[name] = given[np.isin(given, rows["trainval"])]
    else:
        chosen = np.random.default_rng(0).permutation(seen)[: max(1, round(len(seen) / 5))]
        is_val = np.isin(labels[rows["trainval"]], chosen)
        rows["train"], rows["val"] = rows["trainval"][~is_val], rows["trainval"][is_val]
    if not rows["train"].size or not rows["val"].size:
        raise DataError(f"{path}: train_loc or val_loc has no row within trainval_loc")
    if not np.setdiff1d(labels[rows["val"]], labels[rows["train"]]).size:
        raise DataError(
            f"{path}: val_loc has no class of its own that could play unseen; correct the split"
        )
    apart = np.setdiff1d(rows["trainval"], np.concatenate([rows["train"], rows["val"]]))
    if apart.size:
        warnings.warn(
            f"{path}: {apart.size} rows of trainval_loc are in neither train_loc nor val_loc, so the "
            "validation does not use them",
            SplitWarning,
            stacklevel=3,
        )
    return rows


def _check_leaks(
    rows: dict[str, npt.NDArray[np.int64]], labels: npt.NDArray[np.int64], path: Path
) -> None:
    """Refuse classes that are both seen and unseen, and warn of photos that are learned and tested."""
    both = np.intersect1d(labels[rows["trainval"]], labels[rows["test_unseen"]])
    if both.size:
        raise DataError(
            f"{path}: {both.size} classes have rows in trainval_loc and in test_unseen_loc, so they "
            "are not unseen; correct the split"
        )
    stray = np.setdiff1d(labels[rows["test_seen"]], labels[rows["trainval"]])
    if stray.size:
        raise DataError(f"{path}: {stray.size} classes of test_seen_loc have no row in trainval_loc")
    shared = np.intersect1d(rows["trainval"], rows["test_seen"])
    if shared.size:
        warnings.warn(
            f"{path}: {shared.size} rows are in trainval_loc and in test_seen_loc, so s is too high",
            SplitWarning,
            stacklevel=4,
        )


def read_image_files(folder: str | os.PathLike[str]) -> list[str]:
    """The path that each row's image had when the features were made."""
    path = Path(folder) / FEATURES_FILE
    return [str(name) for name in _read(path).get("image_files", np.array([])).ravel()]


def write_xlsa17(
    folder: str | os.PathLike[str],
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    table: ClassTable,
    image_files: Sequence[str],
    seed: int = 0,
) -> None:
    """Write features in the field's layout, which other zero-shot code can read.

    The unseen classes of the table become `test_unseen`. A fifth of each seen class's rows becomes
    `test_seen`, and a fifth of the seen classes becomes `val`.

    Args:
        folder: Folder to write; it is made if it is missing.
        features: Features (N, D).
        labels: Row of `table` for each feature, (N,).
        table: K classes, seen and unseen.
        image_files: Path of each image, (N,).
        seed: Seed of the split.

    Raises:
        OutputError: The folder cannot be written.
    """
    folder = make_folder(folder)
    rng = np.random.default_rng(seed)
    is_seen_row = table.is_seen[labels]
    is_test = np.zeros(len(labels), bool)
    seen = np.unique(labels[is_seen_row])
    for label in seen:
        rows = rng.permutation(np.flatnonzero(labels == label))
        is_test[rows[: round(len(rows) / 5)]] = True
    is_val = np.isin(labels, rng.permutation(seen)[: max(1, round(len(seen) / 5))])
    masks = {
        "trainval_loc": is_seen_row & ~is_test,
        "train_loc": is_seen_row & ~is_test & ~is_val,
        "val_loc": is_seen_row & ~is_test & is_val,
        "test_seen_loc": is_seen_row & is_test,
        "test_unseen_loc": ~is_seen_row,
    }
    attributes = table.attributes.astype(np.float64)
    length = np.linalg.norm(attributes, axis=1, keepdims=True)
    contents: dict[str, dict[str, Any]] = {
        FEATURES_FILE: {
            "features": features.T,
            "labels": labels[:, None] + 1,
            "image_files": np.array(image_files, object)[:, None],
        },
        SPLITS_FILE: {
            "att": (attributes / np.where(length > 0, length, 1)).T,
            "original_att": attributes.T,
            "allclasses_names": np.array(table.names, object)[:, None],
            **{name: np.flatnonzero(mask)[:, None] + 1 for name, mask in masks.items()},
        },
    }
    for name, content in contents.items():
        with replacing(folder / name) as temporary, temporary.open("wb") as stream:
            scipy.io.savemat(stream, content)


def _read(path: Path) -> Arrays:
    if not path.is_file():
        raise DataError(
            f"{path} is not there; expected a folder with {FEATURES_FILE} and {SPLITS_FILE}"
        )
    return read_matlab(path)


def _split(splits: Arrays, name: str, path: Path, count: int) -> npt.NDArray[np.int64]:
    """The rows of a split, counted from 0."""
    rows = _whole(splits, f"{name}_loc", path) - 1
    if rows.size and not 0 <= rows.min() <= rows.max() < count:
        raise DataError(f"{path}: {name}_loc points outside of the {count} rows")
    return rows


def _whole(content: Arrays, key: str, path: Path) -> npt.NDArray[np.int64]:
    """A variable of whole numbers, as one row."""
    values = _numbers(content, key, path).ravel()
    if not (values == np.round(values)).all() or np.abs(values).max(initial=0) > 2**31:
        raise DataError(f"{path}: {key!r} holds numbers that are not whole; expected row numbers")
    return values.astype(np.int64)


def _numbers(content: Arrays, key: str, path: Path) -> npt.NDArray[Any]:
    """A variable that holds a matrix of finite numbers."""
    if key not in content:
        raise DataError(f"{path} has no variable {key!r}; expected the xlsa17 layout")
    value = content[key]
    if value.dtype.kind not in "biuf" or value.ndim != 2:
        raise DataError(f"{path}: {key!r} is no matrix of numbers, but {value.dtype} {value.shape}")
    if value.dtype.kind == "f" and not np.isfinite(value).all():
        raise DataError(f"{path}: {key!r} holds values that are not finite")
    return value
