"""A head with seen classes alone, and classes to add to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.head.head import Head


@pytest.fixture
def few(trained: ZeroShotClassifier) -> Head:
    """The trained head without its unseen classes."""
    return replace(trained.head, table=trained.table.select(trained.table.seen_names))


@pytest.fixture
def new(colour_table: ClassTable) -> ClassTable:
    return colour_table.select(["orange", "cyan"])
