"""The field's file layout, `res101.mat` and `att_splits.mat` (Xian et al., TPAMI 2019; "xlsa17")."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.io

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import ClassTableError, DataError
from zsl_images.evaluation.matlab_files import matrix, read_matlab, texts, whole_numbers
from zsl_images.evaluation.matlab_reader import Arrays
from zsl_images.evaluation.splits import SPLITS, TRAINVAL, Rows, read_rows
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

_SPLIT_VARIABLES = ("att", "original_att", "allclasses_names", *(f"{name}_loc" for name in SPLITS))


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Features and proposed split of a data set; rows are counted from 0.

    Args:
        name: Name of the folder.
        features: Features (N, D).
        labels: Row of `table` for each feature, (N,).
        table: K classes with their attributes; those of `trainval` are seen.
        rows: `trainval`, `test_seen`, `test_unseen` and, if the files have them, `train` and `val` →
            row numbers, see `splits.read_rows`.
    """

    name: str
    features: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    table: ClassTable
    rows: Rows


def read_xlsa17(folder: str | os.PathLike[str]) -> Benchmark:
    """Read a folder with `res101.mat` and `att_splits.mat`.

    Attributes are `original_att` if the file has it, else `att`. If the file has no names, classes are
    called `class_01` and so on.

    Raises:
        DataError: A file or variable is missing or damaged, they do not fit together, or the split
            makes figures meaningless, see `splits.read_rows`.

    Warns:
        SplitWarning: The figures of this split may mislead, see `splits.read_rows`.
    """
    folder = Path(folder)
    where, splits_at = folder / FEATURES_FILE, folder / SPLITS_FILE
    photos = _read(where, ["features", "labels"])
    splits = _read(splits_at, _SPLIT_VARIABLES)
    features = matrix(photos, "features", where).T
    labels = whole_numbers(photos, "labels", where) - 1
    key = "original_att" if "original_att" in splits else "att"
    attributes = matrix(splits, key, splits_at).T
    names = _numbered("class", len(attributes))
    if "allclasses_names" in splits:
        names = texts(splits, "allclasses_names", splits_at)
    fits = len(features) == len(labels) > 0 and labels.max() < len(names) == len(attributes)
    if not fits or not features.size:
        raise DataError(
            f"{folder}: features of shape {features.T.shape}, {len(labels)} labels up to "
            f"{labels.max(initial=-1) + 1}, {len(names)} names and {len(attributes)} columns of "
            f"{key!r} do not fit together; expected {FEATURES_FILE} and {SPLITS_FILE} of one data set"
        )
    rows = read_rows(splits, splits_at, labels)
    is_seen = np.isin(np.arange(len(names)), labels[rows[TRAINVAL]])
    attribute_names = _numbered("attribute", attributes.shape[1])
    try:
        table = ClassTable(tuple(names), tuple(attribute_names), attributes, is_seen)
    except ClassTableError as error:
        raise DataError(f"{splits_at}: {error}") from error
    return Benchmark(
        name=folder.resolve().name,
        features=np.ascontiguousarray(features),
        labels=labels,
        table=table,
        rows=rows,
    )


def read_image_files(folder: str | os.PathLike[str]) -> list[str]:
    """The path that each row's image had when the features were made.

    Raises:
        DataError: The file is missing or damaged, or does not say.
    """
    path = Path(folder) / FEATURES_FILE
    return texts(_read(path, ["image_files"]), "image_files", path)


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


def _read(path: Path, names: Sequence[str]) -> Arrays:
    if not path.is_file():
        raise DataError(
            f"{path} is not there; expected a folder with {FEATURES_FILE} and {SPLITS_FILE}"
        )
    return read_matlab(path, names)


def _numbered(what: str, count: int) -> list[str]:
    """Names of what has none: `class_01`, `class_02` and so on."""
    return [f"{what}_{number:0{len(str(count))}}" for number in range(1, count + 1)]
