"""Stores: files on this machine, on network drives and at addresses, as pyarrow and Ray read them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs

from zsl_images.errors import DataError
from zsl_images.features.photo_rows import path_hash
from zsl_images.features.remote_photos import file_system_of, is_address, reason_of
from zsl_images.files import absolute, at_home

_PENDING = ".pending.parquet"
"""How Ray names the checkpoint of a part that may be half written."""

_ROWS = 8192
"""Rows of a manifest in memory at once."""


def store_of(place: str) -> tuple[Any, str]:
    """The file system of a path or address, and the place in it.

    Raises:
        DataError: The protocol is unknown, or its package is not installed.
    """
    if not is_address(place):
        return fs.LocalFileSystem(), absolute(at_home(place))
    system, inside = file_system_of(place)
    if place.startswith("file://"):
        return fs.LocalFileSystem(), inside
    return fs.PyFileSystem(fs.FSSpecHandler(system)), inside


def check_manifest(manifest: str) -> int:
    """Check a manifest before any work; memory grows by some 16 bytes per row.

    Args:
        manifest: Path or address of a Parquet file with a column `path`.

    Returns:
        Number of its rows.

    Raises:
        DataError: It cannot be read, has no column `path` or no row, a path is missing or relative, or
            two rows have the same path.
    """
    hashes = np.fromiter((path_hash(path) for _, path in _paths_in(manifest)), np.int64)
    hashes.sort()
    if not len(hashes):
        raise DataError(f"{manifest} lists no photos; write one with `zsl manifest`")
    suspects = {*hashes[1:][hashes[1:] == hashes[:-1]].tolist()}
    first: dict[str, int] = {}
    for row, path in _paths_in(manifest) if suspects else ():
        if path_hash(path) in suspects and first.setdefault(path, row) != row:
            raise DataError(
                f"{manifest} lists {path} twice, in rows {first[path]} and {row}; each photo gets one "
                "row, so list it once"
            )
    return len(hashes)


def _paths_in(manifest: str) -> Iterator[tuple[int, str]]:
    """The paths in a manifest, each with its row, counted from 1."""
    system, inside = store_of(manifest)
    try:
        with system.open_input_file(inside) as stream, pq.ParquetFile(stream) as file:
            names = file.schema_arrow.names
            if "path" not in names:
                raise DataError(
                    f"{manifest} has no column path, but {', '.join(names)}; if it holds photos, list "
                    "them with `zsl manifest`"
                )
            number = 0
            for batch in file.iter_batches(_ROWS, columns=["path"]):
                for path in batch["path"].to_pylist():
                    number += 1
                    _check_path(manifest, number, path)
                    yield number, path
    except DataError:
        raise
    except Exception as error:  # each protocol's client raises errors of its own
        raise DataError(
            f"cannot read the manifest {manifest} ({reason_of(error)}); expected a Parquet file with "
            "a column path, as `zsl manifest` writes it"
        ) from error


def _check_path(manifest: str, row: int, path: Any) -> None:
    if not isinstance(path, str) or not path.strip():
        raise DataError(f"{manifest}: row {row} has no path")
    if not is_address(path) and not os.path.isabs(path):  # noqa: PTH117
        raise DataError(
            f"{manifest}: row {row} has the relative path {path}, which means something else on each "
            "machine; expected an absolute path, or an address such as s3://bucket/photo.jpg"
        )


def settle(checkpoint: str) -> None:
    """Finish what a run was killed in: between the two halves of a rename, as object stores do it.

    A part is then both pending and committed. Ray would delete its rows, since it is pending, and not
    make them again, since it is committed.

    Args:
        checkpoint: Folder of Ray's checkpoint; there may be none.
    """
    system, inside = store_of(checkpoint)
    found = system.get_file_info(fs.FileSelector(inside, allow_not_found=True))
    paths = {info.path for info in found}
    for path in paths:
        if path.endswith(_PENDING) and f"{path.removesuffix(_PENDING)}.parquet" in paths:
            system.delete_file(path)


def rows_in(place: str, columns: list[str]) -> Iterator[pa.Table]:
    """The rows of all Parquet files in a folder, file by file; there may be no folder."""
    system, inside = store_of(place)
    for info in system.get_file_info(fs.FileSelector(inside, allow_not_found=True)):
        is_whole = info.path.endswith(".parquet") and not info.path.endswith(_PENDING)
        if info.type == fs.FileType.File and is_whole:
            with system.open_input_file(info.path) as stream, pq.ParquetFile(stream) as file:
                for batch in file.iter_batches(columns=columns):
                    yield pa.Table.from_batches([batch])
