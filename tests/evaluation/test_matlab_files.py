from __future__ import annotations

import os
import random
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import scipy.io

from zsl_images.errors import DataError
from zsl_images.evaluation.matlab_files import read_matlab

MUTATIONS = int(os.environ.get("ZSL_MUTATIONS", "12"))
"""How many damaged files are read; 10000 takes an hour or two."""


@pytest.fixture
def version_5(tmp_path: Path) -> Path:
    path = tmp_path / "five.mat"
    texts = np.array([["fox"], ["wolf"]], object)
    content = {"att": np.arange(6.0).reshape(2, 3), "names": texts, "rows": np.array([[1], [2]])}
    scipy.io.savemat(path, content)
    return path


@pytest.fixture
def version_7_3(tmp_path: Path) -> Path:
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "seven.mat"
    with h5py.File(path, "w") as file:
        file["att"] = np.arange(6.0).reshape(2, 3).T
        references = [
            [file.create_dataset(f"#{n}", data=list(map(ord, n))).ref for n in ("fox", "wolf")]
        ]
        file.create_dataset("names", data=np.array(references, h5py.ref_dtype), dtype=h5py.ref_dtype)
    return path


@pytest.mark.parametrize("version", ["version_5", "version_7_3"])
def test_numbers_and_texts_are_read(version: str, request: pytest.FixtureRequest) -> None:
    content = read_matlab(request.getfixturevalue(version))
    np.testing.assert_array_equal(content["att"], np.arange(6.0).reshape(2, 3))
    assert content["names"].ravel().tolist() == ["fox", "wolf"]


@pytest.mark.parametrize("version", ["version_5", "version_7_3"])
def test_a_damaged_file_is_a_declared_error(version: str, request: pytest.FixtureRequest) -> None:
    path: Path = request.getfixturevalue(version)
    whole, chance = path.read_bytes(), random.Random(0)
    for _ in range(MUTATIONS):
        damaged = bytearray(whole)
        for _ in range(chance.choice((1, 1, 3, 30))):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged[: chance.choice((len(damaged), chance.randrange(1, len(damaged))))])
        start = time.monotonic()
        with suppress(DataError):
            read_matlab(path)
        assert time.monotonic() - start < 60


def test_a_cut_download_names_the_file(version_7_3: Path) -> None:
    version_7_3.write_bytes(version_7_3.read_bytes()[:700])
    with pytest.raises(DataError, match=r"seven\.mat cannot be read .*copy it again"):
        read_matlab(version_7_3)
    with pytest.raises(DataError, match=r"cannot read .*none\.mat: No such file"):
        read_matlab(version_7_3.with_name("none.mat"))
