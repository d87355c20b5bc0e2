"""A small backbone with a classifier, for heads that learn from what their backbone knows."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zsl_images.classes.class_map import ClassMap, Entry
from zsl_images.classes.class_table import ClassTable
from zsl_images.features.backbone_classes import BackboneClasses
from zsl_images.head.row_classes import RowClasses

CLASSES, WIDTH, ATTRIBUTES, PHOTOS = 60, 40, 10, 12


class KnownWorld:
    """Classes with attributes, photos, and a classifier that was trained on other photos of them."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        attributes = rng.uniform(0, 100, (CLASSES, ATTRIBUTES)).astype(np.float32)
        means = 0.5 + np.sin(attributes @ rng.normal(size=(ATTRIBUTES, WIDTH)) / 100)
        means += rng.normal(size=means.shape) / 3
        self.names = tuple(f"class {number}" for number in range(CLASSES))
        self.table = ClassTable(self.names, tuple(f"a{a}" for a in range(ATTRIBUTES)), attributes)
        self.labels = np.repeat(np.arange(CLASSES), PHOTOS)
        self.features = self._photos(means, rng)
        rows = np.linalg.lstsq(
            np.c_[self._photos(means, rng), np.ones(len(self.labels))],
            np.eye(CLASSES)[self.labels],
            rcond=None,
        )[0][:-1].T
        self.classes = BackboneClasses(rows.astype(np.float32))

    def _photos(self, means: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Features of photos of each class."""
        off = rng.normal(size=(len(self.labels), WIDTH))
        return np.maximum(means[self.labels] + off * 0.7, 0).astype(np.float32)

    def rows(self, numbers: range, kinds: dict[int, str] | None = None) -> RowClasses:
        """What the backbone knows of these classes, some of them kinds of others."""
        entries = tuple(
            Entry(line, self.names[number], str(number), ((kinds or {})[number],))
            if number in (kinds or {})
            else Entry(line, self.names[number], str(number))
            for line, number in enumerate(numbers, start=2)
        )
        class_map = ClassMap(Path("map.csv"), entries)
        return RowClasses(class_map, self.table, self.classes, "small")

    def of(self, numbers: range) -> tuple[np.ndarray, np.ndarray]:
        """Features of the photos of these classes, and their labels."""
        chosen = np.isin(self.labels, numbers)
        return self.features[chosen], self.labels[chosen]
