"""Moved features: the rows of a feature file follow their photos when these are moved."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zsl_images.errors import OutputWarning, ZSLError
from zsl_images.features.feature_files import write_features
from zsl_images.features.photo_rows import PhotoRows
from zsl_images.features.stamps import Stamp
from zsl_images.files import replacing

_MOVE = pa.schema(
    [("path", pa.string()), ("size", pa.int64()), ("mtime", pa.int64()), ("target", pa.string())]
)
"""A move under the path that the photo had; size and time are 0."""


def followed(
    tables: Iterable[pa.Table], move: Callable[[pa.Table], pa.Table], features: Path
) -> Iterator[pa.Table]:
    """What `move` makes of the rows of a label file; behind the last, the feature file is written anew.

    It comes before the label file is finished, so a run that was killed finds the moves again. They
    are noted on disk, since there may be more than fit into memory.

    Args:
        tables: Rows of a label file.
        move: Moves their photos, and gives the rows with their new paths.
        features: Feature file, whether it exists or not.

    Warns:
        OutputWarning: The feature file is damaged, or cannot be written; it keeps the old paths.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        notes = Path(folder) / "moves.parquet"
        with pq.ParquetWriter(notes, _MOVE) as writer:
            for table in tables:
                moved = move(table)
                nothing = pa.array([0] * len(table), pa.int64())
                moves = pa.table([table["path"], nothing, nothing, moved["path"]], _MOVE)
                writer.write_table(moves.filter(pc.not_equal(moves["path"], moves["target"])))
                yield moved
        moves = PhotoRows([notes])
        if len(moves) and features.exists():
            try:
                _rename(features, moves)
            except ZSLError as error:  # the label file must get the new paths all the same
                warnings.warn(f"{error}; it keeps the old paths", OutputWarning, stacklevel=2)


def _rename(features: Path, moves: PhotoRows) -> None:
    """Write a feature file with the new paths of moved photos.

    Their rows come last, so they count instead of rows about photos that were at these paths before.
    """
    rows, schema = PhotoRows([features]), pq.read_schema(features)

    def tables(are_moved: bool) -> Iterator[pa.Table]:
        for table in rows.latest():
            places = [moves.find(Stamp(path, 0, 0)) for path in table["path"].to_pylist()]
            chosen = table.filter(pa.array([(place is not None) == are_moved for place in places]))
            found = moves.take(place for place in places if place) if are_moved else None
            if found:
                at = schema.get_field_index("path")
                chosen = chosen.set_column(at, schema.field(at), found["target"])
            yield chosen

    with replacing(features) as temporary:
        write_features(chain(tables(False), tables(True)), schema, temporary)
