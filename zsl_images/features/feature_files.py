"""Feature files: the features of photos, kept as Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from zsl_images.errors import DataError
from zsl_images.features.backbones import Backbone
from zsl_images.features.photo_rows import STAMP, KeptRows, Stamp, write_parquet


def feature_table(
    stamps: Sequence[Stamp], features: Sequence[npt.NDArray[np.float16]], backbone: Backbone
) -> pa.Table:
    """Rows of a feature file: for each photo its stamp and its feature (D,), the bytes of float16."""
    width = 2 * backbone.feature_dim
    flat = np.concatenate(features).astype("<f2") if features else np.empty(0, "<f2")
    feature = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(width), len(stamps), [None, pa.py_buffer(flat)]
    )  # read ten times faster than a list of numbers
    columns = zip(*stamps, strict=True) if stamps else ((), (), ())
    return pa.table(
        {
            **{
                name: pa.array(values, pa.string() if name == "path" else pa.int64())
                for name, values in zip(STAMP, columns, strict=True)
            },
            "feature": feature,
        },
        metadata={"backbone": backbone.fingerprint, "backbone_name": backbone.name},
    )


def write_features(tables: Iterable[pa.Table], schema: pa.Schema, path: Path) -> None:
    """Write tables made by `feature_table` as one Parquet file."""
    write_parquet((table.cast(schema) for table in tables), schema, path, 4096, compression="none")


def features_in(table: pa.Table) -> npt.NDArray[np.float16]:
    """The features (N, D) in rows of a feature file."""
    column = table["feature"].combine_chunks()
    width: int = column.type.byte_width
    values = np.frombuffer(column.buffers()[1], np.uint8)[column.offset * width :]
    return values[: len(table) * width].view("<f2").reshape(len(table), width // 2)


def kept_features(files: Sequence[Path], fingerprint: str) -> KeptRows:
    """The features in those of the files that exist.

    Raises:
        DataError: a file is no feature file, or of another backbone or preprocessing.
    """
    files = [file for file in files if file.exists()]
    kept = KeptRows(files, columns=[*STAMP, "feature"])
    for file in files:
        found = (pq.read_schema(file).metadata or {}).get(b"backbone", b"").decode()
        if found != fingerprint:
            raise DataError(
                f"the features in {file} were made by another backbone or preprocessing than the one "
                "in use; remove it, or name another file"
            )
    return kept
