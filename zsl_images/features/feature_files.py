"""Feature files: the features of photos as Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from zsl_images.errors import DataError
from zsl_images.features.backbones import Backbone
from zsl_images.features.photo_rows import STAMP, PhotoRows, Stamp, write_parquet


def feature_table(
    stamps: Sequence[Stamp], features: Sequence[npt.NDArray[np.float16]], backbone: Backbone
) -> pa.Table:
    """Rows of a feature file: the stamp of each photo, and the bytes of its feature as float16.

    Args:
        stamps: N photos.
        features: N features (D,).
        backbone: Backbone that made them; the file's metadata names it.
    """
    width = 2 * backbone.feature_dim
    flat = np.concatenate(features).astype("<f2") if features else np.empty(0, "<f2")
    feature = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), len(stamps), [None, pa.py_buffer(flat)]
    )  # read ten times faster than a list of numbers
    paths, sizes, mtimes = zip(*stamps, strict=True) if stamps else ((), (), ())
    return pa.table(
        {
            "path": pa.array(paths, pa.string()),
            "size": pa.array(sizes, pa.int64()),
            "mtime": pa.array(mtimes, pa.int64()),
            "feature": feature,
        },
        metadata={
            "backbone": backbone.fingerprint,
            "backbone_name": backbone.name,
            "engine": backbone.engine_name,
        },
    )


def write_features(tables: Iterable[pa.Table], schema: pa.Schema, path: Path) -> None:
    """Write tables made by `feature_table` as one Parquet file.

    Args:
        tables: Tables of one backbone.
        schema: Schema of one of them; its metadata is the file's.
        path: File to write.
    """
    tables = (table.cast(schema) for table in tables)
    write_parquet(tables, schema, path, 4096, compression="none", write_page_checksum=True)


def features_in(table: pa.Table) -> npt.NDArray[np.float16]:
    """The features (N, D) in rows of a feature file."""
    column = table["feature"].combine_chunks()
    width: int = column.type.byte_width
    values = np.frombuffer(column.buffers()[1], np.uint8)[column.offset * width :]
    return values[: len(table) * width].view("<f2").reshape(len(table), width // 2)


def open_feature_files(files: Sequence[Path], fingerprint: str, engine: str | None = None) -> PhotoRows:
    """The rows of feature files, looked up by photo.

    Args:
        files: Feature files; those that do not exist are skipped.
        fingerprint: Fingerprint of the backbone in use.
        engine: Name of the engine in use, if features will be added: those of two engines differ a
            little, and are not mixed.

    Raises:
        DataError: A file is no feature file, is damaged, or was made with another backbone,
            preprocessing or engine.
    """
    files = [file for file in files if file.exists()]
    rows = PhotoRows(files, columns=[*STAMP, "feature"])
    for file in files:
        metadata = pq.read_schema(file).metadata or {}
        made_by = metadata.get(b"engine", b"").decode()
        if metadata.get(b"backbone", b"").decode() != fingerprint:
            raise DataError(
                f"the features in {file} were made with another backbone or preprocessing than the one "
                "in use; remove the file, or name another"
            )
        if engine and made_by not in ("", engine):
            raise DataError(
                f"the features in {file} were made with engine {made_by}, and {engine} is in use; give "
                f"--engine {made_by}, or name another file"
            )
    return rows
