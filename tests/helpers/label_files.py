"""Rows of label files, as tests compare them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from opening import noting_photos

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.labelling.label_files import read_labels


def rows_of(path: Path) -> list[dict[str, Any]]:
    """All rows of a label file."""
    return pa.concat_tables(read_labels(path)).to_pylist()


TOLERANCE = 1e-3
"""How far probabilities and scores of one photo may differ between two runs, as README promises."""


def assert_alike(rows: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    """Rows of two runs agree: all is equal but the last digits of numbers, which differ by batch."""
    assert len(rows) == len(expected)
    for row, other in zip(rows, expected, strict=True):
        row, other = dict(row), dict(other)
        tops = []
        for one in (row, other):
            labels, values = one.pop("top_labels"), one.pop("top_probabilities")
            tops.append(dict(zip(labels or (), values or (), strict=True)))
        for name in tops[0].keys() | tops[1].keys():  # a label missing on one side is below the last
            values = [top.get(name, min(top.values(), default=0)) for top in tops]
            assert values[0] == pytest.approx(values[1], abs=TOLERANCE), name
        for name in ("probability", "unknown_score", "answer_probability"):
            assert row.pop(name) == pytest.approx(other.pop(name), abs=TOLERANCE)
        assert row == other


def noting_classifier(classifier: ZeroShotClassifier) -> tuple[ZeroShotClassifier, list[str]]:
    """The same classifier, and the list to which it adds the path of each photo that it opens."""
    backbone, opened = noting_photos(classifier.backbone)
    return replace(classifier, backbone=backbone), opened
