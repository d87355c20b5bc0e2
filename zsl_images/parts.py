"""Parts: a long run of labelling writes its rows part by part, and finds them again when taken up."""

from __future__ import annotations

import glob
import os
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError, ImageError
from zsl_images.features import (
    feature_table,
    features_in,
    kept_features,
    stamp_of,
    stream_features,
    write_features,
)
from zsl_images.files import path_text, replacing
from zsl_images.kept import STAMP, KeptRows, Place, Stamp
from zsl_images.labels import SCHEMA, read_labels, write_labels, write_parquet
from zsl_images.version import __version__


@dataclass(frozen=True)
class Progress:
    """How far a run has come, and what it came to.

    Args:
        done: photos that have a row.
        kept: those of them whose row an earlier run wrote.
        failures: photos that could not be read.
        unknowns: photos that got no label, their likeliest class being below the least confidence.
        is_complete: whether the label file is written.
    """

    done: int = 0
    kept: int = 0
    failures: int = 0
    unknowns: int = 0
    is_complete: bool = False

    def with_rows(self, rows: pa.Table, kept: int = 0) -> Progress:
        """The progress with these rows of a label file added, `kept` of them an earlier run's."""
        failures = len(rows) - rows["error"].null_count
        return replace(
            self,
            done=self.done + len(rows),
            kept=self.kept + kept,
            failures=self.failures + failures,
            unknowns=self.unknowns + rows["label"].null_count - failures,
        )


@dataclass
class _Part:
    """Photos whose rows are written together, and where what is known of them lies.

    Args:
        number: its place among the parts.
        stamps: the photos, in their order.
        rows: their kept rows, by place in the part.
        features: the kept features of those that have no row.
        lacking: how many features are still to be made.
        made: what was made, as it comes.
    """

    number: int
    stamps: list[Stamp]
    rows: dict[int, Place]
    features: dict[int, Place]
    lacking: int = 0
    made: dict[int, npt.NDArray[np.float16] | ImageError] = field(default_factory=dict)

    def fresh(self) -> list[int]:
        """Which photos must be opened."""
        return [at for at in range(len(self.stamps)) if at not in self.rows and at not in self.features]

    def cut(self, size: int) -> None:
        """Leave off what comes behind the first `size` photos."""
        self.lacking -= sum(at >= size for at in self.fresh())
        self.stamps = self.stamps[:size]
        self.rows = {at: place for at, place in self.rows.items() if at < size}
        self.features = {at: place for at, place in self.features.items() if at < size}


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
        self.kept = KeptRows(files, is_good=self._is_good, judged=(*self.origin, "error"))
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

    def _kept_features(self) -> KeptRows:
        files = [self.features, *self._parts("features")] if self.features else []
        return kept_features(files, self.classifier.head.backbone.fingerprint)

    def _is_good(self, rows: pa.RecordBatch, path: Path) -> npt.NDArray[np.bool_]:
        """Which rows this run would write too; failures of a run that was finished are tried again."""
        good = np.ones(len(rows), bool)
        for name, value in self.origin.items():
            good &= pc.equal(rows[name], value).fill_null(False).to_numpy(zero_copy_only=False)
        if self.is_strict or not path.name.endswith(".labels.parquet"):
            good &= rows["error"].is_null().to_numpy(zero_copy_only=False)
        return good


def origin_of(classifier: ZeroShotClassifier, top_k: int) -> dict[str, str]:
    """What a row's label depends on beside the photo: its columns `head` and `backbone`."""
    info = classifier.head.backbone
    return {
        "head": classifier.fingerprint(top_k),
        "backbone": f"{info.name}@{info.fingerprint[:16]}",
    }


def stamps_in(rows: pa.Table) -> list[Stamp]:
    """The photos that rows are of."""
    return [Stamp(*values) for values in zip(*(rows[name].to_pylist() for name in STAMP), strict=True)]


def label_rows(
    stamps: Sequence[Stamp],
    features: npt.NDArray[np.float16],
    classifier: ZeroShotClassifier,
    top_k: int,
    origin: dict[str, str],
) -> pa.Table:
    """Rows of a label file for N photos with features (N, D) that `origin_of` the classifier marks."""
    probabilities, columns, unknown, answers = classifier.label_features(features, top_k)
    is_answer = pa.array(probabilities[:, 0] >= classifier.min_confidence)
    probabilities = np.round(probabilities, 6)
    names = pa.array(classifier.table.names, pa.string())
    top, rank = columns[:, 0], pa.array(np.arange(len(columns) + 1, dtype=np.int32) * columns.shape[1])
    path, size, mtime = zip(*stamps, strict=True)
    values: dict[str, Any] = {
        "path": path,
        "size": size,
        "mtime": mtime,
        "label": pc.if_else(is_answer, names.take(pa.array(top)), None),
        "probability": probabilities[:, 0],
        "is_seen": classifier.table.is_seen[top],
        "top_labels": pa.ListArray.from_arrays(rank, names.take(pa.array(columns.ravel()))),
        "top_probabilities": pa.ListArray.from_arrays(rank, pa.array(probabilities.ravel())),
        "unknown_score": pa.array(np.round(unknown, 6), from_pandas=True),
        "answer": [answer and answer.label for answer in answers],
        "answer_level": [answer and answer.level for answer in answers],
        "answer_probability": [answer and round(answer.probability, 6) for answer in answers],
        "error": pa.nulls(len(columns), pa.string()),
        **{name: pa.repeat(value, len(columns)) for name, value in origin.items()},
        "version": pa.repeat(__version__, len(columns)),
    }
    return pa.table({name: pa.array(values[name]) for name in SCHEMA.names}).cast(SCHEMA)
