"""Merging: the label files of several runs become one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zsl_images.errors import DataError, listed
from zsl_images.features.photo_rows import completed, path_hash
from zsl_images.files import check_writable
from zsl_images.labelling.label_files import check_suffix, own_columns_of, read_labels, write_labels
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.labelling.locks import locked
from zsl_images.labelling.runs import Progress

StrPath = str | os.PathLike[str]


def merge(parts: Sequence[StrPath], out: StrPath, *, is_for_excel: bool = False) -> Progress:
    """Merge label files, such as those of shards, into one.

    Its rows are those of the first file, then those of the next, and so on. Takes some 16 bytes of
    memory per row.

    Args:
        parts: Label files of any form, or folders of Parquet files.
        out: Label file to write; an earlier one is replaced.
        is_for_excel: Whether a CSV file begins with a byte order mark, as Excel needs it.

    Returns:
        How many photos it holds, and what they show.

    Raises:
        DataError: A part is missing, unfinished or no label file, two parts were labelled by other
            heads or backbones, a photo has two rows, or columns of a user's own cannot be kept.
        OutputError: `out` cannot be written.
    """
    out = Path(out)
    check_suffix(out)
    check_writable(out)
    files = [*chain.from_iterable(map(_files_in, map(Path, parts)))]
    if not files:
        raise DataError("no label files to merge; name at least one")
    own = _own_columns(files, out)
    _check(files)
    progress = Progress()

    def tables() -> Iterator[pa.Table]:
        nonlocal progress
        for file in files:
            for table in read_labels(file, with_own=bool(own.names)):
                progress = progress.with_rows(table)
                yield completed(table, pa.schema([*SCHEMA, *own]))

    with locked(out):
        write_labels(tables(), out, own, is_for_excel=is_for_excel)
    return progress


def _files_in(part: Path) -> list[Path]:
    """The label files that one part means.

    Raises:
        DataError: It is missing, or its run is not finished.
    """
    if part.is_dir():
        found = sorted(path for path in part.rglob("*.parquet") if not path.name.startswith("."))
        if not found:
            raise DataError(f"{part} holds no Parquet files; expected a folder of labels, or a file")
        return found
    if part.with_name(f"{part.name}.parts").is_dir():
        raise DataError(f"{part} is unfinished: run the command that writes it again, then merge")
    if not part.is_file():
        raise DataError(f"{part}: no such label file; has its shard been labelled?")
    return [part]


def _own_columns(files: Sequence[Path], out: Path) -> pa.Schema:
    """The columns that users have added to the files, which are kept in files of the same form."""
    own = {file: own_columns_of(file) for file in files}
    for file, schema in own.items():
        if schema.names and any(one.suffix.lower() != out.suffix.lower() for one in (file, *files)):
            raise DataError(
                f"{file} has columns of yours ({listed(schema.names)}), which are kept only if all "
                f"files end in {out.suffix}; remove the columns, or choose another ending"
            )
    try:
        return pa.unify_schemas([*own.values()])
    except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
        raise DataError(f"columns of yours differ from file to file ({error}); rename one") from error


def _check(files: Sequence[Path]) -> None:
    """Refuse rows of different heads, and photos that have two rows."""
    maker: tuple[str, str] | None = None
    first = files[0]
    hashes: list[npt.NDArray[np.int64]] = []
    for file in files:
        for table in read_labels(file):
            for found in _makers(table):
                maker, first = (found, file) if maker is None else (maker, first)
                if found != maker:
                    raise DataError(
                        f"{first} was labelled by head {maker[0]} on {maker[1]}, but {file} by head "
                        f"{found[0]} on {found[1]}; label all photos with the same head and settings"
                    )
            hashes.append(np.array([*map(path_hash, table["path"].to_pylist())], np.int64))
    every = np.sort(np.concatenate(hashes)) if hashes else np.empty(0, np.int64)
    twice = {*every[1:][every[1:] == every[:-1]].tolist()}
    if twice:
        _check_paths(files, twice)


def _makers(table: pa.Table) -> Iterable[tuple[str, str]]:
    """The heads and backbones that made rows, each pair once."""
    pairs = table.select(["head", "backbone"]).group_by(["head", "backbone"]).aggregate([])
    return zip(pairs["head"].to_pylist(), pairs["backbone"].to_pylist(), strict=True)


def _check_paths(files: Sequence[Path], suspects: set[int]) -> None:
    """Refuse photos that have two rows, among those whose paths have these hashes."""
    file_of: dict[str, Path] = {}
    for file in files:
        for table in read_labels(file):
            for path in table["path"].to_pylist():
                if path_hash(path) not in suspects:
                    continue
                if path in file_of:
                    where = (
                        f"in {file_of[path]} and in {file}" if file_of[path] != file else f"in {file}"
                    )
                    raise DataError(
                        f"{path} has two rows, {where}; merge the shards of one run, each once"
                    )
                file_of[path] = file
