"""A small data set in the field's layout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import scipy.io

SEEN, UNSEEN, PER_CLASS = 10, 3, 12


def xlsa17_arrays() -> dict[str, dict[str, np.ndarray]]:
    """A small data set in the layout, with features that depend on attributes."""
    rng = np.random.default_rng(0)
    classes = SEEN + UNSEEN
    attributes = rng.uniform(0, 100, (classes, 8))
    labels = np.repeat(np.arange(classes), PER_CLASS)
    features = np.maximum(attributes @ rng.normal(size=(8, 30)) / 30, 0)[labels]
    features = features + rng.uniform(0, 1, features.shape)
    rows = np.arange(len(labels))
    is_seen, is_test = labels < SEEN, rows % PER_CLASS >= 9
    is_val = is_seen & (labels >= SEEN - 3)

    def loc(mask: np.ndarray) -> np.ndarray:
        return np.flatnonzero(mask)[:, None] + 1

    def texts(values: list[str]) -> np.ndarray:
        return np.array([[value] for value in values], dtype=object)

    return {
        "res101.mat": {
            "features": features.T,
            "labels": labels[:, None] + 1,
            "image_files": texts([f"c{label}/{row}.jpg" for row, label in enumerate(labels)]),
        },
        "att_splits.mat": {
            "att": (attributes / np.linalg.norm(attributes, axis=1, keepdims=True)).T,
            "original_att": attributes.T,
            "allclasses_names": texts([f"class {k}" for k in range(classes)]),
            "trainval_loc": loc(is_seen & ~is_test),
            "train_loc": loc(is_seen & ~is_test & ~is_val),
            "val_loc": loc(is_seen & ~is_test & is_val),
            "test_seen_loc": loc(is_seen & is_test),
            "test_unseen_loc": loc(~is_seen),
        },
    }


def plain_arrays() -> dict[str, dict[str, np.ndarray]]:
    """The data set as `read_matlab` gives its files, with arrays of texts."""
    return {
        file: {
            name: value.astype(str) if value.dtype == object else value
            for name, value in content.items()
        }
        for file, content in xlsa17_arrays().items()
    }


def written(
    folder: Path,
    without: Sequence[str] = (),
    changes: Mapping[str, np.ndarray] | None = None,
) -> Path:
    """The data set as files in a folder, some variables left out or changed."""
    folder.mkdir(exist_ok=True)
    for file, content in xlsa17_arrays().items():
        kept = {name: value for name, value in content.items() if name not in without}
        for name in kept.keys() & (changes or {}).keys():
            kept[name] = (changes or {})[name]
        scipy.io.savemat(folder / file, kept)
    return folder


def write_matlab_7_3(path: Path, content: Mapping[str, np.ndarray]) -> None:
    """Write arrays and columns of texts as MATLAB 7.3 does; needs h5py."""
    import h5py

    with h5py.File(path, "w", userblock_size=512) as out:
        for name, array in content.items():
            if array.dtype != object:
                out[name] = array.T
                continue
            references = []
            for number, text in enumerate(array.ravel()):
                cell = out.create_dataset(f"#refs#/{name}{number}", data=[[ord(c)] for c in text])
                references.append(cell.ref)
            out.create_dataset(name, data=np.array([references], h5py.ref_dtype))
    whole = bytearray(path.read_bytes())
    whole[:128] = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    path.write_bytes(whole)


def as_in_public_files() -> dict[str, np.ndarray]:
    """`train_loc` and `val_loc` as the public files have them: with the rows of test_seen."""
    splits = xlsa17_arrays()["att_splits.mat"]
    labels = xlsa17_arrays()["res101.mat"]["labels"].ravel() - 1
    tested = splits["test_seen_loc"].ravel()
    is_val = labels[tested - 1] >= SEEN - 3
    return {
        "train_loc": np.concatenate([splits["train_loc"].ravel(), tested[~is_val]])[:, None],
        "val_loc": np.concatenate([splits["val_loc"].ravel(), tested[is_val]])[:, None],
    }
