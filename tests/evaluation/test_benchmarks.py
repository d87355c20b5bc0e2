from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from click.testing import Result
from splits import PER_CLASS, SEEN, UNSEEN, xlsa17_arrays
from typer.testing import CliRunner

from zsl_images.cli import app
from zsl_images.errors import DataError
from zsl_images.evaluation.benchmarks import run, validation_fold
from zsl_images.evaluation.xlsa17 import read_image_files, read_xlsa17, write_xlsa17
from zsl_images.head.calibration import calibration_error
from zsl_images.head.head_training import train_on_features
from zsl_images.model.recipes import RECIPES, recipe_named


def written(folder: Path, **options: bool) -> Path:
    folder.mkdir(exist_ok=True)
    for file, content in xlsa17_arrays(**options).items():
        scipy.io.savemat(folder / file, content)
    return folder


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    return written(tmp_path / "TOY")


def test_the_layout_is_read(dataset: Path) -> None:
    data = read_xlsa17(dataset)
    assert data.features.shape == ((SEEN + UNSEEN) * PER_CLASS, 30)
    assert data.features.dtype == np.float32
    assert data.table.names[:2] == ("class 0", "class 1")
    assert data.table.attributes.max() > 1
    assert data.table.is_seen.sum() == SEEN
    assert set(data.labels[data.rows["test_unseen"]]) == set(range(SEEN, SEEN + UNSEEN))
    assert read_image_files(dataset)[13] == "c1/13.jpg"


def test_a_recipe_gives_all_figures(dataset: Path) -> None:
    result = run(read_xlsa17(dataset), "best", seeds=2)
    assert result.seeds == (0, 1)
    assert result.paper is None
    for name in ("T", "u", "s", "H", "best_H", "AUSUC", "H_without_penalty"):
        assert -1e-9 <= result.figures[name].mean <= 100 + 1e-9
    assert result.figures["T"].mean > 100 / UNSEEN + 10
    assert result.figures["seconds"].mean > 0


def test_labels_of_test_classes_change_nothing_but_the_scores(tmp_path: Path) -> None:
    """Selection cannot peek: with noise for test labels the same head and penalty come out."""
    heads = []
    for options in ({}, {"noise_test_labels": True}):
        data = read_xlsa17(written(tmp_path / "T", **options))
        rows = data.rows["trainval"]
        fold = validation_fold(data, 0)
        heads.append(
            train_on_features(data.features[rows], data.labels[rows], data.table, folds=[fold])
        )
    honest, noisy = heads
    assert honest.calibration.balanced_seen_penalty == noisy.calibration.balanced_seen_penalty
    assert honest.calibration.temperature == noisy.calibration.temperature
    for key, tensor in honest.model.state_dict().items():
        assert np.array_equal(tensor, noisy.model.state_dict()[key])


def test_the_papers_row_stands_beside_it(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zsl_images.evaluation.benchmarks.PAPER_STEPS", {"AWA2": (10, 5)})
    steps: dict[str, int] = {}
    data = read_xlsa17(written(dataset.parent / "AWA2"))
    result = run(data, "sgal", 1, on_step=lambda record: steps.update({record.phase: record.steps}))
    assert result.paper == (52.5, 86.3, 65.3)
    assert steps["training: warm-up"] == 10
    assert steps["training: generate-and-learn"] == 5


def test_only_the_papers_recipes_take_the_papers_steps(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = recipe_named("best")
    training = replace(own.training, warm_up_epochs=3, learn_epochs=1, batch_size=0)
    monkeypatch.setitem(RECIPES, "fast", replace(own, training=training))
    monkeypatch.setattr("zsl_images.evaluation.benchmarks.PAPER_STEPS", {"AWA2": (10, 5)})
    data = read_xlsa17(written(dataset.parent / "AWA2"))

    def steps_of(recipe: str) -> dict[str, int]:
        steps: dict[str, int] = {}
        run(data, recipe, 1, on_step=lambda record: steps.update({record.phase: record.steps}))
        return {phase: steps[phase] for phase in steps if phase.startswith("training")}

    assert steps_of("fast") == {"training: warm-up": 3, "training: generate-and-learn": 1}
    assert steps_of("mmvae") == {"training: warm-up": 10}


def test_the_command_prints_json_as_promised(dataset: Path) -> None:
    result = CliRunner().invoke(app, ["benchmark", str(dataset), "--seeds", "1", "--format", "json"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert {"recipe", "dataset", "seeds", "T", "u", "s", "H", "best_H", "AUSUC", "seconds"} <= set(
        report
    )
    assert set(report["H"]) == {"mean", "sd"}


def test_other_results_are_printed_beside(dataset: Path, tmp_path: Path) -> None:
    given = {name: {"mean": 12.3, "sd": 0.4} for name in ("T", "H")}
    here = {"recipe": "peer", "dataset": "TOY", "seeds": [0, 1], **given}
    elsewhere = {**here, "recipe": "other", "dataset": "ELSEWHERE"}
    peers, mine = tmp_path / "peers.json", tmp_path / "mine.json"
    peers.write_text(json.dumps([here, elsewhere]))

    def benchmark(*others: Path, form: str = "json") -> Result:
        compare = [argument for other in others for argument in ("--compare", str(other))]
        arguments = ["benchmark", str(dataset), "--seeds", "1", "--format", form, *compare]
        return CliRunner().invoke(app, arguments)

    mine.write_text(benchmark(peers).stdout)
    assert [row["recipe"] for row in json.loads(mine.read_text())["compared"]] == ["peer"]
    lines = benchmark(mine, peers, form="table").stdout.splitlines()
    heading, first, second, third = lines[-4:]
    assert heading.split() == ["seeds", "T", "u", "s", "H", "best_H", "AUSUC", "seconds"]
    assert first.split()[:-3] == second.split()[:-3]  # a run again, but for its seconds
    assert first.split()[0] == "best"
    assert third.split() == [
        "peer",
        "2",
        *["12.3", "±", "0.4", "-", "-", "12.3", "±", "0.4", "-", "-", "-"],
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"recipe": "peer", "dataset": "ELSEWHERE", "seeds": [0]}',
            "has no result on the data set TOY",
        ),
        ('{"recipe": "peer", "dataset": "TOY", "seeds": [0], "is_conventional": true}', "same setting"),
        ("[1, 2]", "holds no results"),
        ('{"recipe": "peer"}', "holds no results"),
        ('{"recipe": "p", "dataset": "TOY", "seeds": [0], "T": {"mean": "x"}}', "holds no results"),
        ("no json", "holds no results"),
        (None, "cannot be read"),
    ],
)
def test_results_that_cannot_be_compared_are_refused(
    dataset: Path, tmp_path: Path, content: str | None, message: str
) -> None:
    if content is not None:
        (tmp_path / "peers.json").write_text(content)
    arguments = ["benchmark", str(dataset), "--compare", str(tmp_path / "peers.json")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1
    assert message in result.stderr


def test_calibration_is_measured_by_a_head_of_the_seen_classes(dataset: Path) -> None:
    data = read_xlsa17(dataset)
    figures = run(data, "best", seeds=1, with_calibration=True).figures
    rows, test = data.rows["trainval"], data.rows["test_seen"]
    table = data.table.select(data.table.names[:SEEN])
    head = train_on_features(data.features[rows], data.labels[rows], table)
    scores = head.scores(table, data.features[test])
    ece = calibration_error(
        scores - head.calibration.seen_penalty, data.labels[test], head.calibration.temperature
    )
    assert figures["ECE"].mean == pytest.approx(100 * ece)
    assert 50 < figures["unknown_AUROC"].mean <= 100
    with pytest.raises(DataError, match="one of the two"):
        run(data, "best", seeds=1, is_conventional=True, with_calibration=True)


def test_a_saved_head_is_evaluated_on_the_test_rows(dataset: Path, tmp_path: Path) -> None:
    head = tmp_path / "head.safetensors"
    arguments = ["benchmark", str(dataset), "--seeds", "1", "--format", "json", "--save", str(head)]
    benchmark = json.loads(CliRunner().invoke(app, arguments).stdout)
    arguments = ["evaluate", str(dataset), "--head", str(head), "--format", "json"]
    report = json.loads(CliRunner().invoke(app, arguments).stdout)
    for name in ("T", "u", "s", "H", "best_H", "AUSUC"):
        assert 100 * report["figures"][name] == pytest.approx(benchmark[name]["mean"])
    assert {"u_per_image", "top5", "ECE"} <= set(report["figures"])
    points = np.array(report["curve"])
    assert (np.diff(points[:, 0]) >= 0).all()
    assert (np.diff(points[:, 1]) <= 0).all()
    result = CliRunner().invoke(app, ["evaluate", str(dataset)])
    assert result.exit_code == 1
    assert "the head was trained with 1280 and 85" in result.stderr


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("res101.mat", {"features": None}, "has no variable 'features'"),
        ("res101.mat", {"features": np.array([["x"], [1]], dtype=object)}, "holds objects"),
        ("res101.mat", {"labels": np.ones((5, 1))}, "do not fit one another"),
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


def test_the_conventional_setting_gives_T_alone(dataset: Path) -> None:
    result = run(read_xlsa17(dataset), "best", 1, is_conventional=True)
    assert set(result.figures) == {"T", "seconds"}
    assert result.figures["T"].mean > 100 / UNSEEN + 10
