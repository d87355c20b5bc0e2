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
from zsl_images.features.photo_rows import PhotoRows, write_parquet
from zsl_images.features.stamps import STAMP, Stamp
from zsl_images.results import PhotoFacts

FACTS = pa.schema(
    [
        ("taken", pa.string()),
        ("camera_make", pa.string()),
        ("camera_model", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
    ]
)
"""Columns with the fields of `PhotoFacts`; files of earlier versions do not have them."""


def feature_table(
    stamps: Sequence[Stamp],
    features: Sequence[npt.NDArray[np.float16]],
    backbone: Backbone,
    facts: Sequence[PhotoFacts] | None = None,
) -> pa.Table:
    """Rows of a feature file: the stamp of each photo, the bytes of its feature as float16, its facts.

    Args:
        stamps: N photos.
        features: N features (D,).
        backbone: Backbone that made them; the file's metadata names it.
        facts: N times what the file of a photo says of it. Default: nothing.
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
            **fact_columns(facts or [PhotoFacts()] * len(stamps)),
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
    write_parquet(tables, schema, path, 4096, compression="none")


def fact_columns(facts: Sequence[PhotoFacts]) -> dict[str, pa.Array]:
    """Facts as columns, see `FACTS`."""
    columns = zip(*facts, strict=True) if facts else ((),) * len(FACTS)
    return {field.name: pa.array(v, field.type) for field, v in zip(FACTS, columns, strict=True)}


def facts_in(table: pa.Table) -> list[PhotoFacts]:
    """The facts in rows of a feature file."""
    return [PhotoFacts(**row) for row in table.select(FACTS.names).to_pylist()]


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
    columns = [*STAMP, "feature", *FACTS.names]
    rows = PhotoRows(files, columns, newer=FACTS, problem_of=_problem_of)
    for file in files:
        metadata = pq.read_schema(file).metadata or {}
        made_by = metadata.get(b"engine", b"").decode(errors="replace")
        if metadata.get(b"backbone", b"").decode(errors="replace") != fingerprint:
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


def _problem_of(rows: pa.Table) -> str | None:
    """What is wrong with the features in rows of a feature file."""
    kind = rows.schema.field("feature").type
    if not pa.types.is_fixed_size_binary(kind) or kind.byte_width % 2 or rows["feature"].null_count:
        return f"the column feature holds {kind}, or is empty in a row"
    return None if np.isfinite(features_in(rows)).all() else "a feature is not finite"
