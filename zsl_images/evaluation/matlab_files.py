"""MATLAB files, read so that a damaged one is an error and nothing worse.

One wrong byte can make the readers in SciPy and HDF5 end the interpreter or take gigabytes. So they run
in a process of their own (`matlab_reader`) with limits on time and, except on Windows, on memory.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsl_images.errors import DataError
from zsl_images.evaluation import matlab_reader
from zsl_images.evaluation.matlab_reader import Arrays, is_version_7_3
from zsl_images.file_kinds import kind_in_place_of_data


def read_matlab(path: Path, names: Sequence[str]) -> Arrays:
    """Read variables of a MATLAB file of version 5 or 7.3.

    The reader may take 1 GiB plus 30 times the size of the file (features shrink to a third if they are
    compressed), and one minute plus a second per megabyte. The arrays pass through the folder of
    temporary files.

    Args:
        path: MATLAB file.
        names: Variables to read; the others are skipped.

    Returns:
        Numbers and texts by name; cells of texts become arrays of texts, and missing variables are
        left out.

    Raises:
        DataError: The file is missing or damaged, a variable is neither numbers nor texts, or h5py is
            not installed for version 7.3.
    """
    try:
        size = path.stat().st_size
        needs_h5py = is_version_7_3(path)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    if needs_h5py and find_spec("h5py") is None:
        raise DataError(
            f'{path} is of MATLAB 7.3; run: pip install "zsl-images[hdf5]", or save it with -v7'
        )
    memory, seconds = 2**30 + 30 * size, 60 + size // 10**6
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-P", "-W", "ignore", matlab_reader.__file__]
        try:
            result = subprocess.run(
                [*command, str(path.resolve()), folder, str(memory), *names],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=seconds,
                check=False,
                env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},  # each thread takes address space
            )
            if result.returncode:
                raise _unreadable(path, (result.stderr.split("\n")[-2:-1] or ["its reader crashed"])[0])
            found = [name for name in names if (Path(folder) / f"{name}.npy").exists()]
            return {name: np.load(Path(folder) / f"{name}.npy", allow_pickle=False) for name in found}
        except subprocess.TimeoutExpired as error:
            raise _unreadable(path, f"it takes more than {seconds} seconds") from error


def matrix(content: Arrays, name: str, path: Path) -> npt.NDArray[np.float32]:
    """A variable of `read_matlab` as a matrix of finite numbers.

    Args:
        content: Variables of the file.
        name: Name of the variable.
        path: File that it comes from, for messages.

    Raises:
        DataError: The variable is missing or something else.
    """
    value = _numbers(content, name, path)
    if value.ndim != 2:
        raise DataError(f"{path}: {name!r} has the shape {value.shape}, expected a matrix")
    with np.errstate(over="ignore", invalid="ignore"):  # both give values that are not finite
        numbers = value.astype(np.float32)
    if not np.isfinite(numbers).all():
        raise DataError(f"{path}: {name!r} has values that are not finite; expected numbers alone")
    return numbers


def whole_numbers(content: Arrays, name: str, path: Path) -> npt.NDArray[np.int64]:
    """A variable of `read_matlab` as a vector of whole numbers that count from 1.

    Args:
        content: Variables of the file.
        name: Name of the variable.
        path: File that it comes from, for messages.

    Raises:
        DataError: The variable is missing or something else.
    """
    value = _numbers(content, name, path)
    with np.errstate(invalid="ignore"):  # NaN is not whole
        numbers = value.astype(np.float64).ravel()
        is_whole = (numbers == np.round(numbers)) & (numbers >= 1) & (numbers < 2**31)
    if numbers.size != max(value.shape, default=0) and numbers.size:
        raise DataError(f"{path}: {name!r} has the shape {value.shape}, expected one row or column")
    if not is_whole.all():
        raise DataError(f"{path}: {name!r} has values that are not whole numbers from 1 on")
    return numbers.astype(np.int64)


def texts(content: Arrays, name: str, path: Path) -> list[str]:
    """A variable of `read_matlab` as a list of texts.

    Args:
        content: Variables of the file.
        name: Name of the variable.
        path: File that it comes from, for messages.

    Raises:
        DataError: The variable is missing or something else.
    """
    value = _variable(content, name, path)
    if value.dtype.kind != "U":
        raise DataError(f"{path}: {name!r} holds {value.dtype}, expected texts")
    return [str(text).strip() for text in value.ravel()]


def _numbers(content: Arrays, name: str, path: Path) -> npt.NDArray[np.generic]:
    value = _variable(content, name, path)
    if value.dtype.kind not in "biuf":
        raise DataError(f"{path}: {name!r} holds {value.dtype}, expected numbers")
    return value


def _variable(content: Arrays, name: str, path: Path) -> npt.NDArray[np.generic]:
    if name not in content:
        raise DataError(f"{path} has no variable {name!r}; expected the xlsa17 layout")
    return content[name]


def _unreadable(path: Path, reason: str) -> DataError:
    if kind := kind_in_place_of_data(path):
        return DataError(f"{path} is {kind}")
    return DataError(
        f"{path} cannot be read ({reason}); expected a MATLAB file of version 5 or 7.3 with numbers "
        "and texts: if it is incomplete, copy it again"
    )
