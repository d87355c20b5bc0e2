"""The report on a label file: what its photos show, and which of them deserve a look."""

from __future__ import annotations

import heapq
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError
from zsl_images.labelling.label_files import read_labels
from zsl_images.progress import OnStep
from zsl_images.report.heat_map import heat_map
from zsl_images.report.pages import write_page
from zsl_images.report.thumbnails import PagePhoto, load_all

SHOWN_PHOTOS = 600
"""Photos on a page; so it stays below 10 megabytes, however many there are."""

_PER_LABEL, _UNKNOWN, _UNREADABLE = 6, 24, 10
"""Surest photos of a label, and as many unsure ones; unknown photos; unreadable ones with reasons."""


@dataclass
class _Extremes:
    """The surest and the least sure photos of one label, and its number of photos."""

    photos: int = 0
    known_by: str = ""
    total: float = 0.0
    surest: list[tuple[float, str]] = field(default_factory=list)
    least: list[tuple[float, str]] = field(default_factory=list)

    def add(self, probability: float, path: str, known_by: str) -> None:
        """Take one more photo into account."""
        self.photos, self.known_by = self.photos + 1, known_by
        self.total += probability
        _keep(self.surest, (probability, path), 2 * _PER_LABEL)
        _keep(self.least, (-probability, path), _PER_LABEL)

    def shown(self, most: int) -> tuple[list[str], list[str]]:
        """At most so many of the surest photos, and of the least sure ones; none is in both."""
        surest = [path for _, path in sorted(self.surest, reverse=True)]
        if self.photos <= 2 * most:
            return surest, []
        return surest[:most], [path for _, path in sorted(self.least, reverse=True)[:most]]


@dataclass
class LabelFacts:
    """What a label file says, as large as there are labels, however many photos there are."""

    photos: int = 0
    unlabelled: int = 0
    unreadable: int = 0
    unknown: int = 0
    total: float = 0.0
    labels: dict[str, _Extremes] = field(default_factory=dict)
    most_unknown: list[tuple[float, str]] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    origins: Counter[tuple[str, ...]] = field(default_factory=Counter)
    set_sizes: Counter[int] = field(default_factory=Counter)

    def add(self, row: dict[str, Any]) -> None:
        """Take one more row of the file into account."""
        self.photos += 1
        self.origins[tuple(row[name] or "" for name in ("head", "backbone", "version"))] += 1
        path = row["path"] or ""
        if row["error"] is not None:
            self.unreadable += 1
            if len(self.failures) < _UNREADABLE:
                self.failures.append((path, row["error"]))
            return
        if (label_set := row.get("label_set")) is not None:
            self.set_sizes[len(label_set)] += 1
        score = row["unknown_score"]
        if row["is_unknown"] and score is not None:
            self.unknown += 1
            _keep(self.most_unknown, (score, path), _UNKNOWN)
        if row["label"] is None:
            self.unlabelled += not row["is_unknown"]
            return
        probability = row["probability"] or 0.0  # somebody may have added the label
        self.total += probability
        of_label = self.labels.setdefault(row["label"], _Extremes())
        older = "photos" if row["is_seen"] else "attributes"  # files of earlier versions do not say
        of_label.add(probability, path, row.get("known_by") or older)

    @property
    def labelled(self) -> int:
        """Number of photos with a label."""
        return self.photos - self.unlabelled - self.unknown - self.unreadable


def write_label_report(
    labels: str | os.PathLike[str],
    out: str | os.PathLike[str],
    attributes: ClassTable | str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> None:
    """Write the report on a label file; photos that are gone show their name alone.

    Args:
        labels: Label file.
        out: HTML file to write.
        attributes: Class table, for a heat map of the labels' attributes.
        on_step: Called after each thumbnail.

    Raises:
        ClassTableError: The class table cannot be read.
        DataError: The label file cannot be read, or has no rows, or its labels are not in the table.
        OutputError: The page cannot be written.
    """
    facts = LabelFacts()
    for table in read_labels(labels):
        for batch in table.to_batches(1024):
            for row in batch.to_pylist():
                facts.add(row)
    if not facts.photos:
        raise DataError(f"{labels} has no rows; label some photos first")
    ranked = sorted(facts.labels.items(), key=lambda one: (-one[1].photos, one[0]))
    heat = heat_map(attributes, [name for name, _ in ranked]) if attributes is not None else None
    per_label = max(1, min(_PER_LABEL, SHOWN_PHOTOS // (2 * max(1, len(ranked)))))
    pictured = ranked[: SHOWN_PHOTOS // (2 * per_label)]
    sections = [_Section(name, of_label, per_label) for name, of_label in pictured]
    unknown = [PagePhoto(path) for _, path in sorted(facts.most_unknown, reverse=True)]
    pictures = [photo for one in sections for photo in one.surest + one.least] + unknown
    load_all(pictures, on_step)
    write_page(
        "labels.html",
        out,
        name=PurePath(labels).name,
        facts=facts,
        ranked=ranked,
        most=ranked[0][1].photos if ranked else 1,
        sections=sections,
        unknown=unknown,
        heat=heat,
    )


class _Section:
    """A label on the page, with some of its photos."""

    def __init__(self, label: str, of_label: _Extremes, most: int) -> None:
        self.label, self.photos = label, of_label.photos
        self.surest, self.least = (
            [PagePhoto(path) for path in paths] for paths in of_label.shown(most)
        )


def _keep(best: list[tuple[float, str]], one: tuple[float, str], most: int) -> None:
    """Add one to the best, and drop the worst if they are more than `most`."""
    (heapq.heappush if len(best) < most else heapq.heappushpop)(best, one)
