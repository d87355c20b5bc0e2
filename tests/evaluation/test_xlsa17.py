from __future__ import annotations

import os
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from splits import PER_CLASS, SEEN, UNSEEN, as_in_public_files, written, xlsa17_arrays

from zsl_images.errors import DataError, SplitWarning
from zsl_images.evaluation.benchmarks import run, validation_fold
from zsl_images.evaluation.matlab_files import read_matlab
from zsl_images.evaluation.xlsa17 import read_image_files, read_xlsa17, write_xlsa17
from zsl_images.head.head_training import train_on_features
from zsl_images.model.config import Recipe
from zsl_images.model.recipes import recipe_named


def test_the_layout_is_read(dataset: Path) -> None:
    data = read_xlsa17(dataset)
    assert data.features.shape == ((SEEN + UNSEEN) * PER_CLASS, 30)
    assert data.features.dtype == np.float32
    assert data.table.names[:2] == ("class 0", "class 1")
    assert data.table.attributes.max() > 1
    assert data.table.is_seen.sum() == SEEN
    assert set(data.labels[data.rows["test_unseen"]]) == set(range(SEEN, SEEN + UNSEEN))
    assert read_image_files(dataset)[13] == "c1/13.jpg"


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("res101.mat", {"features": None}, "has no variable 'features'"),
        ("res101.mat", {"features": np.array([["x"], [1]], dtype=object)}, "is no matrix of numbers"),
        ("res101.mat", {"labels": np.ones((5, 1))}, "do not fit together"),
        ("att_splits.mat", {"trainval_loc": np.array([[9999]])}, "points outside"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    dataset: Path, file: str, change: dict[str, np.ndarray | None], message: str
) -> None:
    content = {**xlsa17_arrays()[file], **change}
    scipy.io.savemat(dataset / file, {k: v for k, v in content.items() if v is not None})
    with pytest.raises(DataError, match=message):
        read_xlsa17(dataset)


def test_missing_and_damaged_files_are_refused(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected a folder with res101\.mat"):
        read_xlsa17(tmp_path)
    (dataset / "res101.mat").write_text("no matlab")
    with pytest.raises(DataError, match="cannot be read"):
        read_xlsa17(dataset)


def test_files_of_matlab_7_3_are_read_alike(dataset: Path, tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    newer = tmp_path / "NEWER"
    newer.mkdir()
    for file, content in xlsa17_arrays().items():
        with h5py.File(newer / file, "w", userblock_size=512) as out:
            for name, array in content.items():
                if array.dtype != object:
                    out[name] = array.T
                    continue
                references = []
                for number, text in enumerate(array.ravel()):
                    cell = out.create_dataset(f"#refs#/{name}{number}", data=[[ord(c)] for c in text])
                    references.append(cell.ref)
                out.create_dataset(name, data=np.array([references], h5py.ref_dtype))
        whole = bytearray((newer / file).read_bytes())
        whole[:128] = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
        (newer / file).write_bytes(whole)
    older, data = read_xlsa17(dataset), read_xlsa17(newer)
    np.testing.assert_array_equal(data.features, older.features)
    np.testing.assert_array_equal(data.labels, older.labels)
    assert data.table.names == older.table.names
    assert read_image_files(newer) == read_image_files(dataset)
    for name, rows in older.rows.items():
        np.testing.assert_array_equal(data.rows[name], rows)


def test_what_is_written_is_read_again_with_a_proper_split(dataset: Path, tmp_path: Path) -> None:
    data = read_xlsa17(dataset)
    files = read_image_files(dataset)
    write_xlsa17(tmp_path / "new", data.features, data.labels, data.table, files)
    again = read_xlsa17(tmp_path / "new")
    np.testing.assert_array_equal(again.features, data.features)
    np.testing.assert_allclose(again.table.attributes, data.table.attributes)
    assert again.table.names == data.table.names
    assert read_image_files(tmp_path / "new") == files
    assert (again.table.is_seen == data.table.is_seen).all()
    rows = again.rows
    every = np.concatenate([rows["trainval"], rows["test_seen"], rows["test_unseen"]])
    assert sorted(every) == list(range(len(data.labels)))
    assert set(rows["train"]) | set(rows["val"]) == set(rows["trainval"])
    assert not set(again.labels[rows["train"]]) & set(again.labels[rows["val"]])
    assert run(again, "best", 1).figures["T"].mean > 100 / UNSEEN


SHAPES = {
    "as in the public files": {"changes": as_in_public_files()},
    "without train and val": {"without": ("train_loc", "val_loc")},
    "without names": {
        "without": ("allclasses_names", "original_att"),
        "changes": as_in_public_files(),
    },
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_shape_of_public_file_is_read_without_a_leak(shape: dict, tmp_path: Path) -> None:
    data = read_xlsa17(written(tmp_path / "x", **shape))
    rows = {name: set(found.tolist()) for name, found in data.rows.items()}
    assert rows["train"] | rows["val"] == rows["trainval"]
    assert not rows["trainval"] & (rows["test_seen"] | rows["test_unseen"])
    assert not set(data.labels[data.rows["train"]]) & set(data.labels[data.rows["val"]])
    if "allclasses_names" in shape.get("without", ()):
        assert data.table.names[0] == "class_01"
    figures = run(data, "best", seeds=1).figures
    assert figures["H"].mean > 0
    assert set(run(data, "best", seeds=1, is_conventional=True).figures) == {"T", "seconds"}


@pytest.mark.skipif("ZSL_SPLITS" not in os.environ, reason="ZSL_SPLITS names no folder of split files")
def test_the_public_split_files_run_with_made_features(tmp_path: Path) -> None:
    small = replace(recipe_named("best").training, warm_up_epochs=0.01, learn_epochs=0.01)
    for file in sorted(Path(os.environ["ZSL_SPLITS"]).glob("*.mat")):
        folder = tmp_path / file.stem
        folder.mkdir()
        shutil.copy(file, folder / "att_splits.mat")
        splits = read_matlab(file)
        locs = [splits[f"{name}_loc"].ravel() for name in ("trainval", "test_seen", "test_unseen")]
        count, classes = int(max(map(max, locs))), splits["att"].shape[1]
        # The files have no labels: any that keep train, val and unseen classes apart will do.
        labels, fifth = np.arange(count), round(classes / 5)
        labels %= classes - 2 * fifth
        for name, first in (("val", classes - 2 * fifth), ("test_unseen", classes - fifth)):
            found = splits[f"{name}_loc"].ravel().astype(int) - 1
            labels[found] = first + np.arange(len(found)) % fifth
        features = np.random.default_rng(0).random((2048, count), np.float32)
        scipy.io.savemat(folder / "res101.mat", {"features": features, "labels": labels[:, None] + 1})
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SplitWarning)
            data = read_xlsa17(folder)
        assert len(data.features) == count
        recipe = Recipe(replace(recipe_named("best").model, latent_dim=16), small)
        fold = validation_fold(data, 0)
        learned = data.rows["trainval"]
        head = train_on_features(
            data.features[learned], data.labels[learned], data.table, recipe=recipe, folds=[fold]
        )
        assert 0 <= head.calibration.metrics["H"] <= 1


def test_classes_that_are_seen_and_unseen_are_refused(tmp_path: Path) -> None:
    trainval = xlsa17_arrays()["att_splits.mat"]["trainval_loc"]
    leaking = np.concatenate([trainval, [[SEEN * PER_CLASS + 1]]])
    with pytest.raises(DataError, match="1 classes have rows in trainval_loc and in test_unseen_loc"):
        read_xlsa17(written(tmp_path / "x", changes={"trainval_loc": leaking}))


def test_photos_that_are_learned_and_tested_are_warned_of(tmp_path: Path) -> None:
    splits = xlsa17_arrays()["att_splits.mat"]
    leaking = np.concatenate([splits["trainval_loc"], splits["test_seen_loc"][:3]])
    changes = {"trainval_loc": leaking, **as_in_public_files()}
    with pytest.warns(match="3 rows are in trainval_loc and in test_seen_loc"):
        read_xlsa17(written(tmp_path / "x", changes=changes))
    changes = {"train_loc": splits["train_loc"][3:]}
    with pytest.warns(match="3 rows of trainval_loc are in neither"):
        read_xlsa17(written(tmp_path / "y", changes=changes))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("trainval_loc", np.array([[1.5]]), "not whole"),
        ("test_seen_loc", np.zeros((0, 1)), "test_seen_loc is empty"),
        ("features", np.full((30, (SEEN + UNSEEN) * PER_CLASS), np.nan), "not finite"),
        ("val_loc", np.arange(1, 7)[:, None], "no class of its own"),
        ("labels", np.full(((SEEN + UNSEEN) * PER_CLASS, 1), 99), "do not fit together"),
    ],
)
def test_wrong_content_is_refused(name: str, value: np.ndarray, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        read_xlsa17(written(tmp_path / "x", changes={name: value}))
