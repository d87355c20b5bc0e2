"""Benchmarks: the field's file layout and protocol (Xian et al., TPAMI 2019; "xlsa17")."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.io

from zsl_images.backbones import Backbone
from zsl_images.checkpoint import Head
from zsl_images.classes import ClassTable
from zsl_images.errors import DataError
from zsl_images.evaluation import Fold, gzsl_report, scores_of
from zsl_images.features import OnStep
from zsl_images.files import replacing
from zsl_images.learning import labelled_features, train_on_features
from zsl_images.metrics import mean_per_class_accuracy
from zsl_images.recipes import recipe_named
from zsl_images.results import Failure

FEATURES_FILE, SPLITS_FILE = "res101.mat", "att_splits.mat"


@dataclass(frozen=True, eq=False)
class Benchmark:
    """Features and proposed split of a data set; rows count from 0.

    Args:
        name: of the folder.
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

    Attributes are `original_att` where the file has it, else `att`.

    Raises:
        DataError: a file or variable is lacking, or they do not fit one another.
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
        name=folder.name,
        features=np.ascontiguousarray(features, np.float32),
        labels=labels,
        table=ClassTable(tuple(names), tuple(attribute_names), attributes, is_seen),
        rows=rows,
    )


def read_image_files(folder: str | os.PathLike[str]) -> list[str]:
    """Where each row's image lay when the features were made."""
    path = Path(folder) / FEATURES_FILE
    return [_text(cell) for cell in _get(_read(path), "image_files", path).ravel()]


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
        raise DataError(f"{path} lacks the variable {key!r}; expected the xlsa17 layout")
    return content[key]


def _text(cell: Any) -> str:
    while isinstance(cell, np.ndarray):
        cell = cell.item() if cell.size == 1 else "".join(map(str, cell.ravel()))
    return str(cell)


PAPER: dict[tuple[str, str], tuple[float, ...]] = {
    ("mmvae", "AWA1"): (39.4, 86.8, 54.2),
    ("mmvae", "AWA2"): (15.7, 92.6, 26.9),
    ("mmvae", "CUB"): (28.5, 63.1, 39.3),
    ("mmvae", "SUN"): (14.2, 43.6, 21.4),
    ("sgal", "AWA1"): (52.7, 74.0, 61.5),
    ("sgal", "AWA2"): (52.5, 86.3, 65.3),
    ("sgal", "CUB"): (40.9, 55.3, 47.0),
    ("sgal", "SUN"): (35.5, 34.4, 34.9),
    ("sgal-dropout", "AWA1"): (52.7, 75.7, 62.2),
    ("sgal-dropout", "AWA2"): (55.1, 81.2, 65.6),
    ("sgal-dropout", "CUB"): (47.1, 44.7, 45.9),
    ("sgal-dropout", "SUN"): (42.9, 31.2, 36.1),
}
"""u, s and H in per cent from Yu & Lee 2019, table 2, by recipe and data set."""

PAPER_CONVENTIONAL: dict[tuple[str, str], tuple[float, ...]] = {
    ("mmvae", "AWA1"): (74.2,),
    ("mmvae", "CUB"): (58.4,),
    ("sgal", "AWA1"): (84.1,),
    ("sgal", "CUB"): (62.5,),
}
"""T in per cent in the conventional setting (table 1), with Inception features."""

PAPER_STEPS = {
    "AWA1": (170_000, 1_300),
    "AWA2": (64_000, 900),
    "CUB": (17_000, 2_000),
    "SUN": (1_450_000, 1_500),
}
"""The paper's steps of warm-up and of generate-and-learn, by data set."""


@dataclass(frozen=True)
class Figure:
    """Mean and standard deviation over seeds."""

    mean: float
    sd: float


@dataclass(frozen=True)
class BenchmarkResult:
    """Figures of a recipe on a data set.

    Args:
        recipe: its name.
        dataset: its name.
        seeds: those that were run.
        figures: T, u, s, H, best_H, AUSUC (per-class, in per cent) and seconds, over the seeds; u,
            s and H also without a seen penalty, as the paper gives them.
        paper: the paper's u, s and H, or its T in the conventional setting, where it has them.
    """

    recipe: str
    dataset: str
    seeds: tuple[int, ...]
    figures: Mapping[str, Figure]
    paper: tuple[float, ...] | None

    def to_dict(self) -> dict[str, Any]:
        """The fields of the JSON output."""
        figures = {name: asdict(figure) for name, figure in self.figures.items()}
        return {"recipe": self.recipe, "dataset": self.dataset, "seeds": self.seeds, **figures}


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
        folder: made where it is not there.
        features: (N, D).
        labels: (N,) row of `table`.
        table: K classes, seen and unseen.
        image_files: (N,) where each image lies.
        seed: of the split.

    Raises:
        OutputError: the folder cannot be written.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
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
    """Write photos sorted into a folder a class as features in the field's layout.

    Args:
        photos: a folder with a folder of photos for each class.
        table: has a row for each of these classes; its other rows are left out.
        folder: see `write_xlsa17`.
        backbone: makes the features.
        unseen: classes held out as unseen; by default a fifth of them.
        seed: of the split.
        cache: see `learning.train`.
        on_step: told of the progress.

    Returns:
        The photos that could not be read.

    Raises:
        ClassTableError: a folder has no row, or a class of `unseen` has no folder.
    """
    features, rows = labelled_features(photos, table, backbone, cache, on_step)
    present, labels = np.unique(rows, return_inverse=True)
    table = table.select([table.names[row] for row in present])
    if not unseen:
        count = max(1, round(len(table) / 5))
        unseen = np.random.default_rng(seed).permutation(table.names)[:count].tolist()
    table.select(unseen)
    table = table.with_seen(set(table.names) - set(unseen))
    write_xlsa17(folder, features.features, labels, table, features.paths, seed)
    return features.failures


def run(
    data: Benchmark,
    recipe_name: str,
    seeds: int,
    is_conventional: bool = False,
    on_step: OnStep | None = None,
) -> BenchmarkResult:
    """Run a recipe on a data set, with everything chosen on validation rows.

    The seen penalty γ is the one with the best harmonic mean on a validation: trained on `train`
    less a fifth, measured on that fifth and on `val`. Then the head is trained on `trainval`, and
    the test rows are looked at once.

    In the conventional setting (the paper's table 1) all photos of seen classes are learned from,
    unseen classes are the only candidates, and T is the only figure of accuracy.
    """
    recipe = recipe_named(recipe_name)
    if recipe_name != "best" and data.name.upper() in PAPER_STEPS:
        rows = len(data.rows["trainval"]) / recipe.training.batch_size
        warm_up, learn = (steps / rows for steps in PAPER_STEPS[data.name.upper()])
        learn *= recipe.training.learn_epochs > 0
        recipe = replace(
            recipe, training=replace(recipe.training, warm_up_epochs=warm_up, learn_epochs=learn)
        )
    runs = []
    for seed in range(seeds):
        start = time.perf_counter()
        learned, folds = data.rows["trainval"], [validation_fold(data, seed)]
        if is_conventional:
            learned, folds = np.concatenate([learned, data.rows["test_seen"]]), []
        head = train_on_features(
            data.features[learned],
            data.labels[learned],
            data.table,
            recipe=recipe,
            seed=seed,
            folds=folds,
            on_step=on_step,
        )
        seconds = time.perf_counter() - start

        def scores(rows: npt.NDArray[np.int64], head: Head = head) -> npt.NDArray[np.float32]:
            return scores_of(head.model, data.table, data.features[rows])

        figures = figures_on_test(data, scores, head.balanced_seen_penalty, is_conventional)
        runs.append({**figures, "seconds": seconds})
    key = (recipe_name, data.name.upper())
    return BenchmarkResult(
        recipe=recipe_name,
        dataset=data.name,
        seeds=tuple(range(seeds)),
        figures=mean_and_sd(runs),
        paper=PAPER_CONVENTIONAL.get(key) if is_conventional else PAPER.get(key),
    )


def figures_on_test(
    data: Benchmark,
    scores: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]],
    seen_penalty: float,
    is_conventional: bool = False,
) -> dict[str, float]:
    """The one look at the test rows: figures in per cent.

    Args:
        data: a data set.
        scores: rows → scores (N, K) of any method.
        seen_penalty: γ, chosen on validation rows.
        is_conventional: T alone.
    """
    names = ("test_unseen",) if is_conventional else ("test_seen", "test_unseen")
    rows = np.concatenate([data.rows[name] for name in names])
    labels, is_seen, found = data.labels[rows], data.table.is_seen, scores(rows)
    if is_conventional:
        predicted = np.where(is_seen, -np.inf, found).argmax(axis=1)
        return {"T": 100 * mean_per_class_accuracy(labels, predicted)}
    report = gzsl_report(found, labels, is_seen, seen_penalty).to_dict()
    plain = gzsl_report(found, labels, is_seen, seen_penalty=0).to_dict()
    report |= {f"{name}_without_penalty": plain[name] for name in ("u", "s", "H")}
    return {name: 100 * value for name, value in report.items()}


def mean_and_sd(runs: Sequence[Mapping[str, float]]) -> dict[str, Figure]:
    """Each figure's mean and standard deviation over runs."""
    return {
        name: Figure(float(np.mean(values)), float(np.std(values)))
        for name in runs[0]
        for values in [[run[name] for run in runs]]
    }


def validation_fold(data: Benchmark, seed: int) -> Fold:
    """The data set's own validation classes; rows count within `trainval`."""
    place = {row: index for index, row in enumerate(data.rows["trainval"].tolist())}
    train = np.array([place[row] for row in data.rows["train"].tolist()])
    unseen = np.array([place[row] for row in data.rows["val"].tolist()])
    is_held_out = np.random.default_rng(seed).random(len(train)) < 0.2
    return Fold(train[~is_held_out], train[is_held_out], unseen)
