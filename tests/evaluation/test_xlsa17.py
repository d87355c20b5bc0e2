from __future__ import annotations

import json
import os
import shutil
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from splits import (
    PER_CLASS,
    SEEN,
    UNSEEN,
    as_in_public_files,
    plain_arrays,
    write_matlab_7_3,
    written,
    xlsa17_arrays,
)
from typer.testing import CliRunner

from zsl_images.cli import app
from zsl_images.errors import DataError
from zsl_images.evaluation.benchmarks import run
from zsl_images.evaluation.matlab_files import read_matlab
from zsl_images.evaluation.xlsa17 import read_image_files, read_xlsa17, write_xlsa17
from zsl_images.model.config import Recipe
from zsl_images.model.recipes import RECIPES, recipe_named

ROWS = (SEEN + UNSEEN) * PER_CLASS


def test_the_layout_is_read(dataset: Path) -> None:
    data = read_xlsa17(dataset)
    assert data.features.shape == ((SEEN + UNSEEN) * PER_CLASS, 30)
    assert data.features.dtype == np.float32
    assert data.table.names[:2] == ("class 0", "class 1")
    assert data.table.attributes.max() > 1
    assert data.table.is_seen.sum() == SEEN
    assert set(data.labels[data.rows["test_unseen"]]) == set(range(SEEN, SEEN + UNSEEN))
    assert read_image_files(dataset)[13] == "c1/13.jpg"


def test_missing_and_damaged_files_are_refused(dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"expected a folder with res101\.mat"):
        read_xlsa17(tmp_path)
    with pytest.raises(DataError, match=r"res101\.mat has no variable 'features'"):
        read_xlsa17(written(tmp_path / "other", without=("features",)))
    (dataset / "res101.mat").write_text("no matlab")
    with pytest.raises(DataError, match="cannot be read"):
        read_xlsa17(dataset)


def test_files_of_matlab_7_3_are_read_alike(dataset: Path, tmp_path: Path) -> None:
    pytest.importorskip("h5py")
    newer = tmp_path / "NEWER"
    newer.mkdir()
    for file, content in xlsa17_arrays().items():
        write_matlab_7_3(newer / file, content)
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
def test_a_benchmark_runs_on_every_shape_of_public_file(shape: dict, tmp_path: Path) -> None:
    folder = written(tmp_path / "x", **shape)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = read_xlsa17(folder)
    names = [f"class {number}" for number in range(SEEN + UNSEEN)]
    if "allclasses_names" in shape.get("without", ()):
        names = [f"class_{number:02}" for number in range(1, SEEN + UNSEEN + 1)]
    assert data.table.names == tuple(names)
    original = xlsa17_arrays()["att_splits.mat"]["original_att"].max()
    assert data.table.attributes.max() == pytest.approx(
        1.0 if "original_att" in shape.get("without", ()) else original, abs=0.5
    )
    for options, figures in ((), {"T", "u", "s", "H"}), (("--conventional",), {"T"}):
        arguments = ["benchmark", str(folder), "--seeds", "1", "--format", "json", *options]
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        report = json.loads(result.stdout)
        assert figures == {"T", "u", "s", "H"} & set(report)
        assert report["T"]["mean"] > 100 / UNSEEN


def as_a_data_set(splits_file: Path, folder: Path) -> Path:
    """A real split file with made features and labels, since it has none."""
    folder.mkdir()
    shutil.copy(splits_file, folder / "att_splits.mat")
    locs = ("trainval_loc", "val_loc", "test_seen_loc", "test_unseen_loc")
    splits = read_matlab(splits_file, ["att", *locs])
    count, classes = int(max(splits[loc].max() for loc in locs)), splits["att"].shape[1]
    val, unseen = classes // 5, classes // 6
    labels = np.arange(count) % (classes - val - unseen)
    for loc, first, size in (
        ("val_loc", classes - val - unseen, val),
        ("test_unseen_loc", classes - unseen, unseen),
    ):
        rows = splits[loc].ravel().astype(int) - 1
        labels[rows] = first + np.arange(len(rows)) % size
    features = np.random.default_rng(0).random((2048, count), np.float32)
    scipy.io.savemat(folder / "res101.mat", {"features": features, "labels": labels[:, None] + 1})
    return folder


REAL_SPLITS = sorted(Path(os.environ.get("ZSL_SPLITS", os.devnull)).glob("*.mat"))
"""Files att_splits.mat as the field shares them, under any name: the variable names their folder."""


@pytest.mark.parametrize("file", REAL_SPLITS, ids=lambda file: file.stem)
def test_a_benchmark_runs_on_real_split_files(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = recipe_named("best")
    small = replace(best.training, warm_up_epochs=0.05, learn_epochs=0.05)
    monkeypatch.setitem(RECIPES, "small", Recipe(replace(best.model, latent_dim=16), small))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = read_xlsa17(as_a_data_set(file, tmp_path / file.stem))
    rows = {name: set(found.tolist()) for name, found in data.rows.items()}
    assert rows["train"] | rows["val"] == rows["trainval"]
    assert len(rows["trainval"] | rows["test_seen"] | rows["test_unseen"]) == len(data.labels)
    for is_conventional in (False, True):
        figures = run(data, "small", 1, is_conventional).figures
        assert 0 <= figures["T"].mean <= 100


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("features", np.full((30, ROWS), np.nan), r"res101.mat: 'features' .* not finite"),
        ("features", np.full((30, ROWS), 1e300), "not finite"),
        ("features", np.zeros((30, ROWS - 1)), "do not fit together"),
        ("features", np.zeros((0, ROWS)), "do not fit together"),
        ("features", np.zeros((30, ROWS, 1)), "expected a matrix"),
        ("features", np.full((30, ROWS), 1j), "complex"),
        ("labels", np.full((ROWS, 1), 99), "do not fit together"),
        ("labels", np.zeros((ROWS, 1)), r"res101.mat: 'labels' .* whole numbers from 1"),
        ("labels", np.full((ROWS, 1), np.inf), "whole numbers"),
        ("labels", np.zeros((0, 0)), "do not fit together"),
        (
            "original_att",
            np.full((8, SEEN + UNSEEN), np.inf),
            r"att_splits.mat: 'original_att' .* finite",
        ),
        ("original_att", np.zeros((8, SEEN)), "do not fit together"),
        (
            "allclasses_names",
            np.array([["a"]] * (SEEN + UNSEEN)),
            r"att_splits.mat: class 'a' .* twice",
        ),
        ("allclasses_names", np.ones((SEEN + UNSEEN, 1)), "expected texts"),
    ],
)
def test_wrong_content_is_refused(
    name: str, value: np.ndarray, message: str, dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = plain_arrays()
    for variables in content.values():
        if name in variables:
            variables[name] = value
    reader = "zsl_images.evaluation.xlsa17.read_matlab"
    monkeypatch.setattr(reader, lambda path, names: content[path.name])
    with pytest.raises(DataError, match=message):
        read_xlsa17(dataset)
