"""Summaries: what a run found, in the few lines that a person reads."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

import pyarrow as pa
import pyarrow.compute as pc

from zsl_images.errors import counted
from zsl_images.names import printable, shortened

_LABELS, _FAILURES = 10, 5
"""Labels, and unreadable photos, that are named; the others are counted."""

_WIDTH, _NAME = 80, 40
"""Columns of a line, and of the name of a class in it."""


@dataclass(frozen=True)
class Summary:
    """What the photos of a run show; as large as there are classes, however many photos there are.

    Args:
        labels: Label, or group that is the answer with a taxonomy → number of photos; None for photos
            without one.
        unknown: Number of photos without one that are unlike every candidate.
        failures: Path of each of the first unreadable photos, and why it could not be read.
        unreadable: Number of all unreadable photos.
    """

    labels: Counter[str | None] = field(default_factory=Counter)
    unknown: int = 0
    failures: tuple[tuple[str, str], ...] = ()
    unreadable: int = 0

    def with_rows(self, rows: pa.Table) -> Summary:
        """The summary with these rows of a label file as well."""
        is_read = pc.is_null(rows["error"])
        answers = pc.coalesce(rows["answer"], rows["label"])  # as photos are sorted
        counted = answers.filter(is_read).value_counts().to_pylist()
        labels = self.labels + Counter({one["values"]: one["counts"] for one in counted})
        unknown = self.unknown + (pc.sum(rows["is_unknown"]).as_py() or 0)
        failed = rows.filter(pc.invert(is_read))
        first = failed.slice(0, _FAILURES - len(self.failures)).select(["path", "error"]).to_pylist()
        failures = (*self.failures, *((row["path"], row["error"]) for row in first))
        return Summary(labels, unknown, failures, self.unreadable + len(failed))

    def lines(self) -> Iterator[str]:
        """Photos per label in lines of 80 columns, those labels first that most photos have."""
        labels = {label: photos for label, photos in self.labels.items() if label is not None}
        ranked = sorted(labels.items(), key=lambda one: (-one[1], one[0]))
        entries = [(shortened(printable(label), _NAME), photos) for label, photos in ranked[:_LABELS]]
        if more := ranked[_LABELS:]:
            entries.append(
                (f"and {counted(len(more), 'more label')}", sum(photos for _, photos in more))
            )
        if self.unknown:
            entries.append(("unknown", self.unknown))
        if unlabelled := self.labels[None] - self.unknown:
            entries.append(("without a label", unlabelled))
        if self.unreadable:
            entries.append(("unreadable", self.unreadable))
        width = max((len(name) for name, _ in entries), default=0)
        digits = max((len(str(photos)) for _, photos in entries), default=0)
        for name, photos in entries:
            yield f"  {name:<{width}}  {photos:>{digits}}"

    def failure_lines(self) -> Iterator[str]:
        """The first unreadable photos and why, in lines of 80 columns."""
        for path, error in self.failures:
            yield f"    {shortened(printable(path), _WIDTH - 4)}"
            reason = printable(error.split(f"{PurePath(path).name}: ", 1)[-1])
            yield from textwrap.wrap(reason, _WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
        if unnamed := self.unreadable - len(self.failures):
            yield f"    and {unnamed} more"
