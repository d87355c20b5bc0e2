"""Part files: what a run has written so far, found again by the next run and joined at the end."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from hashlib import blake2b
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zsl_images.errors import DataError
from zsl_images.features.backbones import Backbone
from zsl_images.features.feature_files import open_feature_files, write_features
from zsl_images.features.photo_rows import PhotoRows, completed, stamps_in, write_parquet
from zsl_images.features.stamps import STAMP, Stamp
from zsl_images.files import left_beside, make_folder, replacing
from zsl_images.labelling.label_files import read_labels, write_labels
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.labelling.locks import locked
from zsl_images.labelling.own_columns import OwnColumns

_LABELS, _FEATURES = ".labels.parquet", ".features.parquet"


class PartFolder:
    """The folder `OUT.parts`, into which a run writes its rows part by part.

    Args:
        out: Label file.
        features: Feature file, or None.
        backbone: Backbone in use.

    Raises:
        DataError: An unfinished earlier run kept features, and `features` is None.
    """

    def __init__(self, out: Path, features: Path | None, backbone: Backbone) -> None:
        self.out, self.features, self._backbone = out, features, backbone
        self.path = make_folder(_folder_of(out))
        self._written: dict[int, Path] = {}
        if features is None and self._parts(_FEATURES):
            raise DataError(
                f"an unfinished earlier run into {out} kept features; give the same --features, or "
                f"remove {self.path}"
            )

    @staticmethod
    @contextmanager
    def locked(out: Path, features: Path | None) -> Iterator[None]:
        """Keep other runs off the two files while the body runs, then clean up.

        A run that is refused leaves everything of the other run untouched.

        Raises:
            OutputError: Another run is writing one of them.
        """
        targets = [target for target in (out, features) if target]
        with ExitStack() as locks:
            for target in targets:
                locks.enter_context(locked(target))
            _sweep(out, targets)
            try:
                yield
            finally:
                folder = _folder_of(out)
                if folder.is_dir() and not any(folder.iterdir()):
                    shutil.rmtree(folder, ignore_errors=True)

    def earlier_rows(self, origin: Mapping[str, str], is_strict: bool) -> PhotoRows:
        """Rows of the label file and of earlier parts that this run can reuse.

        Args:
            origin: Values that their columns `head` and `backbone` must have.
            is_strict: Whether unreadable photos in parts are tried again too.

        Raises:
            DataError: The label file is something else.
        """

        def is_good(rows: pa.RecordBatch, path: Path) -> npt.NDArray[np.bool_]:
            good = np.ones(len(rows), bool)
            for name, value in origin.items():
                good &= pc.equal(rows[name], value).fill_null(False).to_numpy(zero_copy_only=False)
            if is_strict or not path.name.endswith(_LABELS):  # after a finished run, try again
                good &= rows["error"].is_null().to_numpy(zero_copy_only=False)
            return good

        files = [*self._label_file(), *self._parts(_LABELS)]
        return PhotoRows(files, SCHEMA.names, is_good, (*origin, "error"), newer=SCHEMA)

    def earlier_features(self) -> PhotoRows:
        """Features of the feature file and of earlier parts.

        Raises:
            DataError: The feature file is something else, or was made with another backbone or engine.
        """
        files = [self.features, *self._parts(_FEATURES)] if self.features else []
        return open_feature_files(files, self._backbone.fingerprint, self._backbone.engine_name)

    def part_of(self, number: int, stamps: list[Stamp], origin: Mapping[str, str]) -> Path:
        """Path of a part's rows; the same photos, labelled by the same head, have the same path."""
        content = blake2b(repr((stamps, dict(origin))).encode(), digest_size=12).hexdigest()
        path = self._written[number] = self.path / f"{number:06}-{content}{_LABELS}"
        return path

    def write_labels(self, path: Path, rows: pa.Table) -> None:
        """Write the rows of a part."""
        with replacing(path) as temporary:
            pq.write_table(rows, temporary, write_page_checksum=True)

    def write_features(self, path: Path, rows: pa.Table) -> None:
        """Write the features of the part whose rows are at `path`."""
        target = path.with_name(path.name.removesuffix(_LABELS) + _FEATURES)
        with replacing(target) as temporary:
            write_features([rows], rows.schema, temporary)

    def join(self, others: Callable[[], Iterator[pa.Table]] | None, is_for_excel: bool = False) -> None:
        """Join the parts into the label file and the feature file.

        Args:
            others: Rows of photos that this run was not given; None drops them and their features.
            is_for_excel: See `write_labels`.
        """
        parts = [self._written[number] for number in sorted(self._written)]
        if self.features and (self._parts(_FEATURES) or others is None):
            self._join_features(self.features, parts if others is None else None)
        left = others() if others else ()
        tables = chain((pq.read_table(part) for part in parts), left)
        whole = (completed(table, SCHEMA) for table in tables)  # parts of earlier versions too
        with OwnColumns.of(self.out) as own:
            write_labels(map(own.added_to, whole), self.out, own.schema, is_for_excel=is_for_excel)
        shutil.rmtree(self.path, ignore_errors=True)

    def _join_features(self, features: Path, only: list[Path] | None) -> None:
        """Write all features into the feature file, or only those of the photos in `only`."""
        every = self.earlier_features()
        for part in only or ():
            for stamp in stamps_in(pq.read_table(part, columns=[*STAMP])):
                every.find(stamp)
        tables = every.latest(is_named=True if only is not None else None)
        first = next(tables, None)
        if first:
            with replacing(features) as temporary:
                write_features(chain([first], tables), first.schema, temporary)

    def _label_file(self) -> list[Path]:
        """The rows of the label file as Parquet, if it is there."""
        if not self.out.exists():
            return []
        if self.out.suffix.lower() == ".parquet" and _is_as_written(self.out):
            return [self.out]
        earlier = self.path / "earlier.parquet"
        with replacing(earlier) as temporary:
            write_parquet(read_labels(self.out), SCHEMA, temporary)
        return [earlier]

    def _parts(self, ending: str) -> list[Path]:
        return sorted(self.path.glob(f"*{ending}"))


def _is_as_written(labels: Path) -> bool:
    """Whether a Parquet file has the columns that are written here, and no others."""
    try:
        return bool(pq.read_schema(labels).equals(SCHEMA))
    except (OSError, pa.ArrowException):  # no Parquet file
        return False


def _folder_of(out: Path) -> Path:
    return out.with_name(out.name + ".parts")


def _sweep(out: Path, targets: list[Path]) -> None:
    """Remove half-written files of a run that was killed."""
    for left in chain(
        _folder_of(out).glob(".*.part"), *(left_beside(target, ".part") for target in targets)
    ):
        left.unlink(missing_ok=True)
