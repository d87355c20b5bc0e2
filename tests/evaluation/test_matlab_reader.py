"""Files damaged at random: whatever they hold becomes a data set or a `DataError`."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import reading_forks
import scipy.io
from mutations import damaged
from splits import plain_arrays, write_matlab_7_3, xlsa17_arrays

from zsl_images.errors import DataError, SplitWarning
from zsl_images.evaluation.matlab_reader import Arrays, variables
from zsl_images.evaluation.xlsa17 import read_xlsa17

MUTATIONS = int(os.environ.get("ZSL_MUTATIONS", "200"))
"""How many damaged files of each version are read; 10000 take some minutes."""

Writer = Callable[[Path, dict[str, np.ndarray]], None]
WRITERS: dict[str, Writer] = {
    "version 5": scipy.io.savemat,
    "version 5, compressed": lambda path, content: scipy.io.savemat(path, content, do_compression=True),
    "version 7.3": write_matlab_7_3,
}


def read_in_forks(jobs: Sequence[tuple[Path, Path, Sequence[str]]]) -> list[tuple[int, int]]:
    """Exit status and memory of reading each file into its folder."""
    lines = "".join("\t".join([str(file), str(folder), *names]) + "\n" for file, folder, names in jobs)
    result = subprocess.run(
        [sys.executable, reading_forks.__file__],
        input=lines,
        capture_output=True,
        text=True,
        check=True,
    )
    return [(int(line.split()[0]), int(line.split()[1])) for line in result.stdout.splitlines()]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no forks")
@pytest.mark.parametrize("version", WRITERS)
@pytest.mark.parametrize("file", ["res101.mat", "att_splits.mat"])
def test_a_damaged_file_is_a_data_set_or_a_declared_error(
    version: str, file: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("h5py")
    content = xlsa17_arrays()
    intact = plain_arrays()
    names = [name for name in content[file] if name != "image_files"]
    WRITERS[version](tmp_path / file, content[file])
    whole, chance = (tmp_path / file).read_bytes(), random.Random(0)
    jobs = []
    for number in range(MUTATIONS // 2):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / file).write_bytes(damaged(whole, chance))
        jobs.append((folder / file, folder, names))
    outcomes = read_in_forks(jobs)
    assert len(outcomes) == len(jobs)
    for (_, folder, _), (status, memory) in zip(jobs, outcomes, strict=True):
        assert status not in (99, -signal.SIGXCPU, -signal.SIGKILL), folder
        assert memory <= reading_forks.MEMORY, folder

        def read(
            path: Path, names: Sequence[str], status: int = status, folder: Path = folder
        ) -> Arrays:
            if path.name != file:
                return intact[path.name]
            if status:
                raise DataError(f"{path} cannot be read")
            return {path.stem: np.load(path, allow_pickle=False) for path in folder.glob("*.npy")}

        for name in content:
            (folder / name).touch()
        monkeypatch.setattr("zsl_images.evaluation.xlsa17.read_matlab", read)
        with warnings.catch_warnings(), suppress(DataError):
            warnings.simplefilter("ignore", SplitWarning)
            data = read_xlsa17(folder)
            assert np.isfinite(data.features).all()
            assert data.labels.max() < len(data.table)


@pytest.mark.parametrize("version", WRITERS)
def test_every_version_holds_the_same_variables(version: str, tmp_path: Path) -> None:
    if version == "version 7.3":
        pytest.importorskip("h5py")
    content = xlsa17_arrays()["att_splits.mat"]
    WRITERS[version](tmp_path / "some.mat", content)
    found = variables(tmp_path / "some.mat", list(content))
    assert list(found) == list(content)
    for name, value in content.items():
        np.testing.assert_array_equal(found[name], value.astype(found[name].dtype))
