"""The process that reads a MATLAB file for `matlab_files`; it may crash without harm.

    python matlab_reader.py FILE FOLDER BYTES NAME...

saves each variable NAME that FILE has as FOLDER/NAME.npy, and takes at most BYTES of memory. It is run
by its path, so it imports nothing of the package and starts fast.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[np.generic]]


def is_version_7_3(path: Path) -> bool:
    """Whether a file says that it is of MATLAB 7.3, which is HDF5."""
    with path.open("rb") as stream:
        return stream.read(128).startswith((b"MATLAB 7.3", b"\x89HDF"))


def variables(path: Path, names: Sequence[str]) -> Arrays:
    """The variables `names` of a MATLAB file, as numbers and texts; missing ones are left out.

    Raises:
        Exception: Any kind, because SciPy and h5py raise many on damaged files. A damaged file can
            also end the process.
    """
    return _hdf5(path, names) if is_version_7_3(path) else _version_5(path, names)


def _version_5(path: Path, names: Sequence[str]) -> Arrays:
    import scipy.io

    with path.open("rb") as stream:
        content = scipy.io.loadmat(stream, variable_names=list(names))
    return {name: _plain(name, content[name], _cell) for name in names if name in content}


def _hdf5(path: Path, names: Sequence[str]) -> Arrays:
    """MATLAB 7.3 stores arrays transposed, and cells of texts as references to code units."""
    import h5py

    with h5py.File(path) as file:

        def cell(reference: Any) -> str:
            units = np.asarray(file[reference]).ravel()
            if units.dtype.kind not in "ui" or units.max(initial=0) > 0xFFFF:
                raise TypeError("a cell holds something other than text")
            return units.astype("<u2").tobytes().decode("utf-16-le")

        found = {name: file[name] for name in names if name in file}
        return {
            name: _plain(name, np.asarray(item).T if isinstance(item, h5py.Dataset) else item, cell)
            for name, item in found.items()
        }


def _plain(name: str, value: Any, text_of: Callable[[Any], str]) -> npt.NDArray[np.generic]:
    """An array of numbers or texts, the latter made from cells; nothing else passes."""
    if isinstance(value, np.ndarray) and value.dtype == object:
        texts = [text_of(cell) for cell in value.ravel()]
        value = np.array(texts, str).reshape(value.shape)
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biufU":
        kind = value.dtype if isinstance(value, np.ndarray) else type(value).__name__
        raise TypeError(f"{name!r} is of type {kind}, expected numbers or texts")
    return value


def _cell(cell: Any) -> str:
    while isinstance(cell, np.ndarray) and cell.dtype == object and cell.size == 1:
        cell = cell.item()
    if not isinstance(cell, np.ndarray) or cell.dtype.kind != "U":
        raise TypeError("a cell holds something other than text")
    return "".join(cell.ravel())


def _limit(memory: int) -> None:
    """Limit the memory of this process, and let a crash leave no file behind."""
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):  # macOS knows this limit but refuses to set it
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


def main(path: str, folder: str, memory: str, *names: str) -> None:
    """Run the process: see the top of this file.

    Raises:
        SystemExit: The file cannot be read; the reason is the message.
    """
    _limit(int(memory))
    try:
        for name, value in variables(Path(path), names).items():
            np.save(Path(folder) / f"{name}.npy", value, allow_pickle=False)
    except MemoryError:
        sys.exit(f"it takes more than {int(memory) / 2**30:.1f} GiB of memory, too much for its size")
    except Exception as error:
        sys.exit(str(error) or type(error).__name__)


if __name__ == "__main__":
    main(*sys.argv[1:])
