"""Runs: photos are grouped into parts, streamed through the backbone, and written as rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import count, islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError, ImageError
from zsl_images.features.extraction import stream_features
from zsl_images.features.feature_files import facts_in, feature_table, features_in
from zsl_images.features.photo_rows import Place, is_gone
from zsl_images.features.stamps import Stamp, stamp_of
from zsl_images.labelling.label_rows import decision_rows, failure_rows, origin_of
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.labelling.part_files import PartFolder
from zsl_images.labelling.summaries import Summary
from zsl_images.results import PhotoFacts


@dataclass(frozen=True)
class Progress:
    """How far a run has got, and its result so far.

    Args:
        done: Number of photos that have a row.
        kept: Number of these photos whose row an earlier run wrote.
        failures: Number of photos that could not be read.
        unlabelled: Number of photos without a label: unknown ones, and those of which no class is sure
            enough.
        changed: Number of photos whose earlier rows were about other content, and were replaced.
        gone: Number of photos that do not exist, and whose earlier rows stay.
        is_complete: Whether the label file is written.
        summary: What the photos show.
    """

    done: int = 0
    kept: int = 0
    failures: int = 0
    unlabelled: int = 0
    changed: int = 0
    gone: int = 0
    is_complete: bool = False
    summary: Summary = field(default_factory=Summary)

    def with_rows(self, rows: pa.Table, kept: int = 0, changed: int = 0, gone: int = 0) -> Progress:
        """The progress after these rows of a label file; for the counts see the class."""
        failures = len(rows) - rows["error"].null_count
        return replace(
            self,
            done=self.done + len(rows),
            kept=self.kept + kept,
            failures=self.failures + failures,
            unlabelled=self.unlabelled + rows["label"].null_count - failures,
            changed=self.changed + changed,
            gone=self.gone + gone,
            summary=self.summary.with_rows(rows),
        )


class Stop:
    """Whether a run should stop; the answer never goes back to no."""

    def __init__(self, should_stop: Callable[[], bool]) -> None:
        self._should_stop, self.is_set = should_stop, False

    def __call__(self) -> bool:
        """Ask again, unless the answer was yes."""
        self.is_set = self.is_set or self._should_stop()
        return self.is_set


@dataclass
class _Part:
    """Photos whose rows are written together, and what earlier runs know of them.

    Args:
        number: Number of the part, counted from 0.
        stamps: Photos, in order.
        rows: Position of a photo → its earlier row.
        features: Position of a photo without a row → its earlier feature.
        awaited: Number of features still to be made.
        changed: Number of photos whose earlier rows are about other content.
        gone: Positions of the photos that do not exist, and were labelled before.
        made: Position of a photo → its new feature, or why it cannot be read.
        facts: Position of a photo with a new feature → what its file says of it.
    """

    number: int
    stamps: list[Stamp]
    rows: dict[int, Place]
    features: dict[int, Place]
    awaited: int = 0
    changed: int = 0
    gone: set[int] = field(default_factory=set)
    made: dict[int, npt.NDArray[np.float16] | ImageError] = field(default_factory=dict)
    facts: dict[int, PhotoFacts] = field(default_factory=dict)

    def fresh(self) -> list[int]:
        """The positions of the photos that must be opened."""
        return [at for at in range(len(self.stamps)) if at not in self.rows and at not in self.features]

    def cut(self, size: int) -> None:
        """Drop all but the first `size` photos."""
        self.awaited -= sum(at >= size for at in self.fresh())
        self.stamps = self.stamps[:size]
        self.rows = {at: place for at, place in self.rows.items() if at < size}
        self.gone = {at for at in self.gone if at < size}
        self.features = {at: place for at, place in self.features.items() if at < size}


@dataclass(frozen=True)
class _Opened(os.PathLike[str]):
    """A photo on its way through the backbone, with its position in a part."""

    path: str | os.PathLike[str]
    part: _Part
    at: int

    def __fspath__(self) -> str:
        return os.fspath(self.path)

    def __str__(self) -> str:
        return str(self.path)


class Run:
    """One run of `label`.

    Args:
        classifier: Classifier with its candidates and settings.
        parts: Folder of parts, of earlier runs and of this one.
        top_k: Number of candidates per row.
        is_strict: Whether a photo that cannot be read ends the run.

    Raises:
        DataError: `out` is no label file, or `features` is no feature file.
    """

    def __init__(
        self, classifier: ZeroShotClassifier, parts: PartFolder, top_k: int, is_strict: bool
    ) -> None:
        self.classifier, self.parts, self.is_strict = classifier, parts, is_strict
        self.decide, self.origin = classifier.decider(top_k), origin_of(classifier, top_k)
        self.rows = parts.earlier_rows(self.origin, is_strict)
        self.features = parts.earlier_features()
        self.planned: list[_Part] = []
        self.count = 0
        self.progress = Progress()

    def label(
        self,
        photos: Iterable[str | os.PathLike[str]],
        batch_size: int,
        part_rows: int,
        on_progress: Callable[[Progress], None],
        stop: Stop,
    ) -> None:
        """Write parts with all photos, or with all photos before the stop.

        Raises:
            ImageError: A photo cannot be read, and the run is strict.
        """
        failed: ImageError | None = None
        opened = self._plan(iter(photos), part_rows, on_progress, stop)
        backbone, noted, numbers = self.classifier.backbone, dict[int, PhotoFacts](), count()
        for batch, results in stream_features(opened, backbone, batch_size, noted.__setitem__):
            for photo, result in zip(batch, results, strict=True):
                photo.part.made[photo.at] = result
                photo.part.facts[photo.at] = noted.pop(next(numbers), PhotoFacts())
                photo.part.awaited -= 1
                if self.is_strict and isinstance(result, ImageError):
                    failed, stop.is_set = failed or result, True
            self._write_finished()
            on_progress(self._so_far())
        self._write_finished()
        on_progress(self.progress)
        if failed:
            raise failed

    def join(self, prune: bool, is_for_excel: bool = False) -> None:
        """Join the parts into the label file and the feature file.

        Args:
            prune: Whether to drop rows of photos that this run was not given.
            is_for_excel: See `write_labels`.
        """
        others = None if prune else lambda: self.rows.latest(is_named=False)
        self.parts.join(others, is_for_excel)

    def _plan(
        self,
        photos: Iterator[str | os.PathLike[str]],
        part_rows: int,
        on_progress: Callable[[Progress], None],
        stop: Stop,
    ) -> Iterator[_Opened]:
        """Yield the photos that must be opened, and append the parts of all photos to `planned`."""
        while not stop.is_set and (group := list(islice(photos, part_rows))):
            part = self._part(group)
            self.planned.append(part)
            fresh = part.fresh()
            if not fresh:
                stop()
            for at in fresh:
                if stop():
                    part.cut(at)
                    return
                yield _Opened(group[at], part, at)
            self._write_finished()
            if not stop.is_set:
                on_progress(self._so_far())

    def _part(self, paths: Sequence[str | os.PathLike[str]]) -> _Part:
        """A part of these photos, with their earlier rows and features."""
        part = _Part(self.count, [stamp_of(path) for path in paths], {}, {})
        self.count += 1
        for at, stamp in enumerate(part.stamps):
            row, feature = self.rows.find(stamp), self.features.find(stamp)
            part.changed += not row and self.rows.is_changed(stamp)
            if is_gone(stamp) and (last := self._labelled_before(stamp)):
                part.rows[at] = last
                part.gone.add(at)
            elif row and (feature or not self.parts.features):
                part.rows[at] = row
            elif feature:
                part.features[at] = feature
        part.awaited = len(part.fresh())
        return part

    def _labelled_before(self, stamp: Stamp) -> Place | None:
        """The latest row of a photo that is gone, by whatever head, unless it is about a failure."""
        place = self.rows.last(stamp.path)
        if place is None or self.is_strict:
            return None
        row = self.rows.take([place])
        return place if row is not None and row["error"].null_count else None

    def _so_far(self) -> Progress:
        in_hand = sum(len(part.made) for part in self.planned)
        return replace(self.progress, done=self.progress.done + in_hand)

    def _write_finished(self) -> None:
        """Write the parts that are complete; earlier ones may still wait for photos."""
        for part in [part for part in self.planned if not part.awaited]:
            self.planned.remove(part)
            if part.stamps:
                self._write(part)

    def _write(self, part: _Part) -> None:
        path = self.parts.part_of(part.number, part.stamps, self.origin)
        new = {at: made for at, made in part.made.items() if not isinstance(made, ImageError)}
        if self.parts.features and new:
            stamps = [part.stamps[at] for at in new]
            facts = [part.facts[at] for at in new]
            table = feature_table(stamps, list(new.values()), self.classifier.backbone, facts)
            self.parts.write_features(path, table)
        if part.made or not path.exists():
            rows = self._table(part, new)
            self.parts.write_labels(path, rows)
        else:
            rows = pq.read_table(path, columns=["path", "label", "answer", "is_unknown", "error"])
        self.progress = self.progress.with_rows(rows, len(part.rows), part.changed, len(part.gone))

    def _table(self, part: _Part, new: dict[int, npt.NDArray[np.float16]]) -> pa.Table:
        """The rows of a part, in the order of its photos."""
        taken = self.features.take(part.features.values())
        wanted = [part.stamps[at].path for at in part.features]
        if taken and taken["path"].to_pylist() != wanted:
            raise DataError(
                f"{self.parts.features} was changed by another program; run the command again"
            )
        part.facts |= zip(part.features, facts_in(taken), strict=True) if taken else ()
        known = zip(part.features, features_in(taken), strict=True) if taken else ()
        features = dict(sorted({**dict(known), **new}.items()))
        failed = {at: made for at, made in part.made.items() if isinstance(made, ImageError)}
        tables = [self.rows.take(part.rows.values())]
        if features:
            stamps = [part.stamps[at] for at in features]
            facts = [part.facts[at] for at in features]
            bursts = self.classifier.bursts_of([stamp.path for stamp in stamps], facts)
            decisions = self.decide(np.stack(list(features.values())), bursts)
            tables.append(decision_rows(stamps, decisions, facts, self.origin))
        if failed:
            stamps = [part.stamps[at] for at in failed]
            tables.append(failure_rows(stamps, list(failed.values()), self.origin))
        order = np.argsort([*part.rows, *features, *failed])
        return pa.concat_tables(table.cast(SCHEMA) for table in tables if table).take(order)
