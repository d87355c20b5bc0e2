from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import scipy.io
from splits import PER_CLASS, SEEN, UNSEEN, xlsa17_arrays

from zsl_images.errors import DataError
from zsl_images.evaluation.benchmarks import run
from zsl_images.evaluation.xlsa17 import read_image_files, read_xlsa17, write_xlsa17


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
