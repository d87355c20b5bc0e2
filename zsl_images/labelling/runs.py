"""Parts: a long run of labelling writes its rows part by part, and finds them again when taken up."""

from __future__ import annotations

import glob
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from itertools import chain, islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError, ImageError
from zsl_images.features.extraction import stream_features
from zsl_images.features.feature_files import (
    feature_table,
    features_in,
    open_feature_files,
    write_features,
)
from zsl_images.features.photo_rows import STAMP, PhotoRows, stamp_of, write_parquet
from zsl_images.files import path_text, replacing
from zsl_images.labelling.label_files import SCHEMA, read_labels, write_labels
from zsl_images.labelling.label_rows import Progress, label_rows, origin_of, stamps_in
from zsl_images.labelling.part_files import _Part
from zsl_images.version import __version__


class Run:
    """One run of `labelling.label`: what is kept from earlier ones, and the parts that it writes.

    Args:
        classifier: says what photos show.
        out: the label file.
        parts: a folder of its own for the parts.
        features: the feature file, or None.
        top_k: candidates of a row.
        is_strict: whether a photo that cannot be read ends the run.

    Raises:
        DataError: `out` or `features` is something else than it should be.
    """

    def __init__(
        self,
        classifier: ZeroShotClassifier,
        out: Path,
        parts: Path,
        features: Path | None,
        top_k: int,
        is_strict: bool,
    ) -> None:
        self.is_strict = is_strict
        self.classifier, self.out, self.parts, self.features = classifier, out, parts, features
        self.top_k, self.origin = top_k, origin_of(classifier, top_k)
        self.written: dict[int, Path] = {}
        self.planned: list[_Part] = []
        self.count = 0
        self.progress = Progress()
        for left in parts.glob(".*.part"):  # of a run that was killed while it wrote
            left.unlink(missing_ok=True)
        for target in filter(None, (out, features)):
            for left in target.parent.glob(f".{glob.escape(target.name)}.*.part"):
                left.unlink(missing_ok=True)
        if features is None and self._parts("features"):
            raise DataError(
                f"an earlier run into {out} that did not end kept features; give the same --features, "
                f"or remove {parts}"
            )
        files = [*self._earlier(), *self._parts("labels")]
        self.kept = PhotoRows(files, is_good=self._is_good, judged=(*self.origin, "error"))
        self.kept_features = self._kept_features()

    def label(
        self,
        photos: Iterable[str | os.PathLike[str]],
        batch_size: int,
        part_rows: int,
        on_progress: Callable[[Progress], None],
        should_stop: Callable[[], bool],
    ) -> bool:
        """Write parts with all photos; False where it was stopped before."""
        awaited: deque[tuple[_Part, int]] = deque()
        failed: ImageError | None = None
        is_stopped = False

        def to_open() -> Iterator[str | os.PathLike[str]]:
            """The photos that need a feature, while `self.planned` fills with all of them."""
            nonlocal is_stopped
            paths = iter(photos)
            while group := list(islice(paths, part_rows)):
                part = self._plan(group)
                self.planned.append(part)
                fresh = part.fresh()
                is_stopped = is_stopped or (not fresh and should_stop())
                for at in fresh:
                    is_stopped = is_stopped or should_stop()
                    if is_stopped:
                        part.cut(at)
                        return
                    awaited.append((part, at))
                    yield group[at]
                self._write_finished()
                if is_stopped:
                    return
                on_progress(self._so_far())

        for _, results in stream_features(to_open(), self.classifier.backbone, batch_size):
            for result in results:
                part, at = awaited.popleft()
                part.made[at] = result
                part.lacking -= 1
                if self.is_strict and isinstance(result, ImageError):
                    failed, is_stopped = failed or result, True
            self._write_finished()
            on_progress(self._so_far())
        self._write_finished()
        on_progress(self.progress)
        if failed:
            raise failed
        return not is_stopped

    def join(self, prune: bool) -> None:
        """Make the label file, and the feature file, out of the parts."""
        if self.features and (self._parts("features") or prune):
            every = self._kept_features()
            if prune:
                for part in self._in_order():
                    for stamp in stamps_in(pq.read_table(part, columns=[*STAMP])):
                        every.find(stamp)
            tables = every.latest(is_named=True if prune else None)
            first = next(tables, None)
            if first:
                with replacing(self.features) as temporary:
                    write_features(chain([first], tables), first.schema, temporary)
        left = () if prune else self.kept.latest(is_named=False)
        write_labels(chain((pq.read_table(part) for part in self._in_order()), left), self.out)
        shutil.rmtree(self.parts, ignore_errors=True)

    def _plan(self, paths: Sequence[str | os.PathLike[str]]) -> _Part:
        """A part of these photos, with what is kept of them."""
        part = _Part(self.count, [stamp_of(path) for path in paths], {}, {})
        self.count += 1
        for at, stamp in enumerate(part.stamps):
            row, feature = self.kept.find(stamp), self.kept_features.find(stamp)
            if row and (feature or not self.features):
                part.rows[at] = row
            elif feature:
                part.features[at] = feature
        part.lacking = len(part.fresh())
        return part

    def _write_finished(self) -> None:
        """Write the parts that lack nothing; those before them may wait for photos."""
        for part in [part for part in self.planned if not part.lacking]:
            self.planned.remove(part)
            if part.stamps:
                self._write(part)

    def _so_far(self) -> Progress:
        in_hand = sum(len(part.made) for part in self.planned)
        return replace(self.progress, done=self.progress.done + in_hand)

    def _in_order(self) -> list[Path]:
        return [self.written[number] for number in sorted(self.written)]

    def _write(self, part: _Part) -> None:
        content = blake2b(repr((part.stamps, self.origin)).encode(), digest_size=12).hexdigest()
        name = f"{part.number:06}-{content}"  # the same photos by the same head: the same part
        new = {at: made for at, made in part.made.items() if not isinstance(made, ImageError)}
        if self.features and new:
            rows = feature_table(
                [part.stamps[at] for at in new], list(new.values()), self.classifier.backbone
            )
            with replacing(self.parts / f"{name}.features.parquet") as temporary:
                write_features([rows], rows.schema, temporary)
        path = self.parts / f"{name}.labels.parquet"
        if part.made or not path.exists():
            table = self._table(part, new)
            with replacing(path) as temporary:
                pq.write_table(table, temporary)
        else:
            table = pq.read_table(path, columns=["label", "error"])
        self.written[part.number] = path
        self.progress = self.progress.with_rows(table, kept=len(part.rows))

    def _table(self, part: _Part, new: dict[int, npt.NDArray[np.float16]]) -> pa.Table:
        """The rows of a part, in the order of its photos."""
        taken = self.kept_features.take(part.features.values())
        wanted = [part.stamps[at].path for at in part.features]
        if taken and taken["path"].to_pylist() != wanted:
            raise DataError(f"{self.features} was changed by another program; run the command again")
        known = zip(part.features, features_in(taken), strict=True) if taken else ()
        features = dict(sorted({**dict(known), **new}.items()))
        failed = {at: made for at, made in part.made.items() if isinstance(made, ImageError)}
        tables = [self.kept.take(part.rows.values())]
        if features:
            stamps, stacked = [part.stamps[at] for at in features], np.stack(list(features.values()))
            tables.append(label_rows(stamps, stacked, self.classifier, self.top_k, self.origin))
        if failed:
            rows = [
                {
                    **part.stamps[at]._asdict(),
                    "error": path_text(str(error)),
                    **self.origin,
                    "version": __version__,
                }
                for at, error in failed.items()
            ]
            tables.append(pa.Table.from_pylist(rows, SCHEMA))
        order = np.argsort([*part.rows, *features, *failed])
        return pa.concat_tables(table.cast(SCHEMA) for table in tables if table).take(order)

    def _earlier(self) -> list[Path]:
        """The rows of `out` as Parquet, if it is there."""
        if not self.out.exists():
            return []
        if self.out.suffix.lower() == ".parquet":
            next(read_labels(self.out), None)  # refuses another kind of file
            return [self.out]
        earlier = self.parts / "earlier.parquet"
        with replacing(earlier) as temporary:
            write_parquet(read_labels(self.out), SCHEMA, temporary)
        return [earlier]

    def _parts(self, kind: str) -> list[Path]:
        return sorted(self.parts.glob(f"*.{kind}.parquet"))

    def _kept_features(self) -> PhotoRows:
        files = [self.features, *self._parts("features")] if self.features else []
        return open_feature_files(files, self.classifier.head.backbone.fingerprint)

    def _is_good(self, rows: pa.RecordBatch, path: Path) -> npt.NDArray[np.bool_]:
        """Which rows this run would write too; failures of a run that was finished are tried again."""
        good = np.ones(len(rows), bool)
        for name, value in self.origin.items():
            good &= pc.equal(rows[name], value).fill_null(False).to_numpy(zero_copy_only=False)
        if self.is_strict or not path.name.endswith(".labels.parquet"):
            good &= rows["error"].is_null().to_numpy(zero_copy_only=False)
        return good
