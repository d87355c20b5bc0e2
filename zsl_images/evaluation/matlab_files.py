"""MATLAB files: read so that a damaged one is an error and no more.

SciPy's reader can end the interpreter or take all memory if one byte of a file is wrong. So it runs in
a process of its own, with limits, and hands back plain arrays.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsl_images.errors import DataError

Arrays = dict[str, npt.NDArray[np.generic]]

_SECONDS = 900
"""Time limit of the reading process; the largest public file takes some seconds."""

_READER = """
import sys
path, folder, limit = sys.argv[1], sys.argv[2], int(sys.argv[3])
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
except ImportError:
    pass
import numpy, scipy.io

def text(cell):
    while isinstance(cell, numpy.ndarray):
        cell = cell.item() if cell.size == 1 else "".join(map(str, cell.ravel()))
    return str(cell)

for name, value in scipy.io.loadmat(path).items():
    if isinstance(value, numpy.ndarray):
        if value.dtype == object:
            value = numpy.array([text(cell) for cell in value.ravel()], str).reshape(value.shape)
        if value.dtype.kind in "biufUS":
            numpy.save(folder + "/" + name + ".npy", value, allow_pickle=False)
"""


def read_matlab(path: Path) -> Arrays:
    """The numbers and texts in a MATLAB file of version 5 or 7.3, by name.

    Cells of texts become arrays of texts. Anything else is left out.

    Raises:
        DataError: the file is missing or damaged, or h5py is not installed for version 7.3.
    """
    try:
        with path.open("rb") as stream:
            start = stream.read(128)
    except OSError as error:
        raise DataError(f"cannot read {path}: {error.strerror}") from error
    if start.startswith(b"MATLAB 7.3") or start.startswith(b"\x89HDF"):
        return _read_hdf5(path)
    return _read_version_5(path)


def _read_version_5(path: Path) -> Arrays:
    limit = 4 * 2**30 + 12 * path.stat().st_size
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-I", "-c", _READER, str(path.resolve()), folder, str(limit)]
        try:
            result = subprocess.run(
                command, capture_output=True, text=True, timeout=_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise _damaged(path, f"it takes more than {_SECONDS} seconds") from error
        if result.returncode:
            reason = (result.stderr.strip().splitlines() or ["the reader crashed"])[-1]
            raise _damaged(path, reason)
        return {file.stem: np.load(file, allow_pickle=False) for file in Path(folder).glob("*.npy")}


def _read_hdf5(path: Path) -> Arrays:
    """Version 7.3 is HDF5: arrays are stored transposed, texts as references to code points."""
    try:
        import h5py
    except ImportError as error:
        raise DataError(
            f'{path} is of MATLAB 7.3; run: pip install "zsl-images[hdf5]", or save it with -v7'
        ) from error

    def value(file: h5py.File, item: h5py.Dataset) -> npt.NDArray[np.generic]:
        array = np.asarray(item).T
        if array.dtype != object:
            return array
        texts = ["".join(map(chr, np.asarray(file[cell]).ravel())) for cell in array.ravel()]
        return np.array(texts, str).reshape(array.shape)

    try:
        with h5py.File(path) as file:
            return {
                name: value(file, item) for name, item in file.items() if isinstance(item, h5py.Dataset)
            }
    except Exception as error:  # h5py raises many kinds on damaged files
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, reason: str) -> DataError:
    return DataError(f"{path} cannot be read ({reason}); expected a MATLAB file: copy it again")
