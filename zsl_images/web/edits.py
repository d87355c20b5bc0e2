"""Edits: what a person changes in the class table, applied to a classifier."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from zsl_images.classes.class_rows import check_range
from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, listed
from zsl_images.web.limits import Limits
from zsl_images.web.schemas import Edits


def edited(classifier: ZeroShotClassifier, edits: Edits, limits: Limits) -> ZeroShotClassifier:
    """The classifier with other values in its table, and new classes below.

    A class whose values change stays known as it is: the head places it by its attributes, whatever
    it learned from photos.

    Raises:
        ClassTableError: Classes are too many, unknown or taken, or attributes are missing, unknown or
            out of the table's range.
    """
    if not edits.classes and not edits.changes:
        return classifier
    if len(edits.classes) > limits.classes:
        raise ClassTableError(f"{len(edits.classes)} new classes, expected {limits.classes} at most")
    table = classifier.table
    for row in edits.classes:
        if missing := [name for name in table.attribute_names if name not in row.attributes]:
            raise ClassTableError(f"attributes of {row.name} are missing: {listed(missing)}")
        _check(table, row.attributes)
    columns = table.attribute_names
    values = [[row.attributes[name] for name in columns] for row in edits.classes]
    names = tuple(row.name for row in edits.classes)
    changed = _changed(table, edits.changes)
    if names:
        changed = changed.joined(
            ClassTable(names, columns, np.array(values, np.float32), text=table.text)
        )
    return replace(classifier, table=changed)


def _changed(table: ClassTable, changes: Mapping[str, Mapping[str, float]]) -> ClassTable:
    """The table with other values for some attributes of some classes."""
    attributes = table.attributes.copy()
    column_of = {name: column for column, name in enumerate(table.attribute_names)}
    for row, of_class in zip(table.rows_of(changes), changes.values(), strict=True):
        _check(table, of_class)
        for attribute, value in of_class.items():
            attributes[row, column_of[attribute]] = value
    return replace(table, attributes=attributes)


def _check(table: ClassTable, values: Mapping[str, float]) -> None:
    """Refuse attributes that the table does not have, and values beyond its range."""
    columns = table.attribute_names
    if unknown := [name for name in values if name not in columns]:
        raise ClassTableError(f"not among the table's attributes: {listed(unknown, columns)}")
    for attribute in columns[: table.ratings.shape[1]]:  # vectors of descriptions have no scale
        if attribute in values:
            check_range(attribute, values[attribute], table.ratings)
