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
from zsl_images.errors import DataError
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
        photos: a folder with a folder of photos for each class.
        table: has a row for each of these classes; its other rows are left out.
        folder: see `write_xlsa17`.
        backbone: makes the features.
        unseen: classes held out as unseen; by default a fifth of them.
        seed: Seed of the split.
        cache: see `learning.train`.
        on_step: Called with each record of progress.

    Returns:
        The photos that could not be read.

    Raises:
        ClassTableError: a folder has no row, or a class of `unseen` has no folder.
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


_TEXTS = ("allclasses_names", "image_files")


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Features and proposed split of a data set; rows count from 0.

    Args:
        name: Name of the folder.
        features: (N, D).
        labels: (N,) row of `table`.
        table: K classes with their attributes, those of `trainval` seen.
        rows: `train`, `val`, `trainval`, `test_seen`, `test_unseen` → row numbers.
    """

    name: str
    features: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]
    table: ClassTable
    rows: dict[str, npt.NDArray[np.int64]]


def read_xlsa17(folder: str | os.PathLike[str]) -> Benchmark:
    """Read a folder with `res101.mat` and `att_splits.mat`.

    Attributes are `original_att` if the file has it, else `att`.

    Raises:
        DataError: A file or variable is missing, or they do not fit together.
    """
    folder = Path(folder)
    features_file, splits_file = _read(folder / FEATURES_FILE), _read(folder / SPLITS_FILE)
    features = _get(features_file, "features", folder / FEATURES_FILE).T
    labels = _get(features_file, "labels", folder / FEATURES_FILE).ravel().astype(np.int64) - 1
    where = folder / SPLITS_FILE
    key = "original_att" if "original_att" in splits_file else "att"
    attributes = _get(splits_file, key, where).T.astype(np.float32)
    names = [_text(cell) for cell in _get(splits_file, "allclasses_names", where).ravel()]
    if len(features) != len(labels) or not 0 <= labels.min() <= labels.max() < len(names):
        raise DataError(
            f"{folder}: {len(features)} features, {len(labels)} labels up to {labels.max() + 1} and "
            f"{len(names)} classes do not fit one another"
        )
    rows = {}
    for name in ("train", "val", "trainval", "test_seen", "test_unseen"):
        rows[name] = _get(splits_file, f"{name}_loc", where).ravel().astype(np.int64) - 1
        if rows[name].size and not 0 <= rows[name].min() <= rows[name].max() < len(labels):
            raise DataError(f"{where}: {name}_loc points outside of the {len(labels)} rows")
    is_seen = np.isin(np.arange(len(names)), labels[rows["trainval"]])
    width = len(str(attributes.shape[1]))
    attribute_names = [f"attribute_{i + 1:0{width}}" for i in range(attributes.shape[1])]
    return Benchmark(
        name=folder.resolve().name,
        features=np.ascontiguousarray(features, np.float32),
        labels=labels,
        table=ClassTable(tuple(names), tuple(attribute_names), attributes, is_seen),
        rows=rows,
    )


def read_image_files(folder: str | os.PathLike[str]) -> list[str]:
    """Where each row's image lay when the features were made."""
    path = Path(folder) / FEATURES_FILE
    return [_text(cell) for cell in _get(_read(path), "image_files", path).ravel()]


def write_xlsa17(
    folder: str | os.PathLike[str],
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    table: ClassTable,
    image_files: Sequence[str],
    seed: int = 0,
) -> None:
    """Write features in the field's layout, so that any code that reads it can run on them.

    Classes that the table does not mark as seen are the test's unseen ones. Of each seen class a
    fifth of the rows is `test_seen`; a fifth of the seen classes is `val`.

    Args:
        folder: Folder to write; it is made if it is missing.
        features: (N, D).
        labels: (N,) row of `table`.
        table: K classes, seen and unseen.
        image_files: (N,) path of each image.
        seed: Seed of the split.

    Raises:
        OutputError: the folder cannot be written.
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


def _read(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise DataError(
            f"{path} is not there; expected a folder with {FEATURES_FILE} and {SPLITS_FILE}"
        )
    try:
        return dict(scipy.io.loadmat(path))
    except NotImplementedError:  # scipy's word for the HDF5 format of MATLAB 7.3
        return _read_hdf5(path)
    except Exception as error:  # scipy raises many kinds on damaged files
        raise DataError(f"{path} cannot be read ({error}); expected a MATLAB file") from error


def _read_hdf5(path: Path) -> dict[str, Any]:
    """A file of MATLAB 7.3: arrays are stored transposed, texts as references to code points."""
    try:
        import h5py
    except ImportError as error:
        raise DataError(
            f'{path} is of MATLAB 7.3; run: pip install "zsl-images[hdf5]", or save it with -v7'
        ) from error

    with h5py.File(path) as file:

        def value(item: Any) -> Any:
            array = np.asarray(item).T
            if array.dtype != object:
                return array
            texts = ["".join(map(chr, np.asarray(file[cell]).ravel())) for cell in array.ravel()]
            return np.array(texts, object).reshape(array.shape)

        return {name: value(item) for name, item in file.items() if isinstance(item, h5py.Dataset)}


def _get(content: dict[str, Any], key: str, path: Path) -> Any:
    if key not in content:
        raise DataError(f"{path} has no variable {key!r}; expected the xlsa17 layout")
    value = content[key]
    if value.dtype == object and key not in _TEXTS:
        raise DataError(f"{path}: {key!r} holds objects, expected numbers")
    return value


def _text(cell: Any) -> str:
    while isinstance(cell, np.ndarray):
        cell = cell.item() if cell.size == 1 else "".join(map(str, cell.ravel()))
    return str(cell)
