from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import scipy.io
from splits import write_matlab_7_3

from zsl_images.errors import DataError
from zsl_images.evaluation.matlab_files import matrix, read_matlab, whole_numbers

CONTENT = {
    "att": np.arange(6.0).reshape(2, 3),
    "names": np.array([["fox"], ["öffnen 🦊"]], object),
    "rows": np.array([[1], [2]], np.uint16),
}


@pytest.fixture(params=[5, 7.3])
def file(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / "some.mat"
    if request.param == 5:
        scipy.io.savemat(path, CONTENT)
    else:
        pytest.importorskip("h5py")
        names = np.array([["fox"], ["öffnen \ud83e\udd8a"]], object)  # as MATLAB has it, in UTF-16
        write_matlab_7_3(path, {**CONTENT, "names": names})
    return path


def test_numbers_and_texts_are_read(file: Path) -> None:
    content = read_matlab(file, ["att", "names", "missing"])
    assert set(content) == {"att", "names"}
    np.testing.assert_array_equal(content["att"], CONTENT["att"])
    assert content["names"].tolist() == CONTENT["names"].tolist()


@pytest.mark.parametrize("share", [0.05, 0.5, 0.9])
def test_a_cut_download_names_the_file(file: Path, share: float) -> None:
    whole = file.read_bytes()
    file.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(DataError, match=r"some\.mat cannot be read \(.+\); expected .*copy it again"):
        read_matlab(file, list(CONTENT))


def test_a_missing_file_is_told_of(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot read .*none\.mat: No such file"):
        read_matlab(tmp_path / "none.mat", ["att"])


@pytest.mark.parametrize("value", [np.array([[[1, 2]]], object), {"field": 1.0}])
def test_objects_other_than_texts_are_refused(value: object, tmp_path: Path) -> None:
    scipy.io.savemat(tmp_path / "some.mat", {"att": value})
    with pytest.raises(DataError, match=r"some\.mat cannot be read \(.*text"):
        read_matlab(tmp_path / "some.mat", ["att"])


@pytest.mark.parametrize("read", [matrix, whole_numbers])
def test_a_signalling_nan_is_refused_without_a_warning(read: Callable[..., object]) -> None:
    for bits in (np.uint64([[0x7FF0000000000001]]).view(float), np.uint32([[0x7F800001]]).view("f4")):
        with pytest.raises(DataError, match=r"not (finite|whole)"):
            read({"x": bits}, "x", Path("some.mat"))


@pytest.mark.skipif("not hasattr(__import__('os'), 'fork')", reason="only POSIX limits memory")
def test_a_small_file_cannot_take_much_memory(tmp_path: Path) -> None:
    """A matrix of 4 GB of zeros, packed into 4 MB."""
    pack = zlib.compressobj(1)
    count = 2**32 - 2**16
    matrix = struct.pack("<2I", 14, count + 56)  # miMATRIX, then flags, shape, name, values
    matrix += struct.pack("<4I", 6, 8, 9, 0) + struct.pack("<2I2i", 5, 8, count // 2**10, 2**10)
    matrix += struct.pack("<HH4s", 1, 3, b"att") + struct.pack("<2I", 2, count)
    begin = pack.compress(matrix) + pack.flush(zlib.Z_FULL_FLUSH)
    zeros = pack.compress(bytes(2**20)) + pack.flush(zlib.Z_FULL_FLUSH)  # stands alone: repeat it
    packed = begin + zeros * (count // 2**20)
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    (tmp_path / "some.mat").write_bytes(header + struct.pack("<2I", 15, len(packed)) + packed)
    with pytest.raises(DataError, match=r"some\.mat cannot be read \(it takes more than .* memory"):
        read_matlab(tmp_path / "some.mat", ["att"])
