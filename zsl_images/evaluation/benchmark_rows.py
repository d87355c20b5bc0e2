"""Benchmark rows: which classes of a backbone may teach a head that a benchmark measures."""

from __future__ import annotations

import os
from dataclasses import replace

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError
from zsl_images.evaluation.xlsa17 import Benchmark
from zsl_images.features.backbones import Backbone
from zsl_images.head.row_classes import RowClasses


def rows_for(
    data: Benchmark, class_map: str | os.PathLike[str], backbone: Backbone
) -> tuple[Benchmark, RowClasses]:
    """The classes of a map that may teach a head for a data set.

    Those that are an unseen class of the data set, or a kind of one, are left out. Each validation
    leaves out those that play unseen in it in the same way.

    Args:
        data: Data set. Its files do not name attributes, so they count as those of the map, in its
            order.
        class_map: File of a map with attributes, or the name of a shipped one.
        backbone: Backbone that made the features.

    Returns:
        The data set with the map's names of attributes, and the classes.

    Raises:
        BackboneError: The backbone has no classifier that acts on its features.
        ClassTableError: The map cannot be used.
        DataError: Numbers of attributes or features differ, or no class is left.
    """
    own = ClassTable.read(class_map)
    for what, given, expected in (
        ("attributes", own.attributes.shape[1], data.table.attributes.shape[1]),
        ("features", backbone.feature_dim, data.features.shape[1]),
    ):
        if given != expected:
            raise DataError(
                f"{data.name} has {expected} {what}, but {class_map} with {backbone.name} has {given}; "
                "give a map with the attributes of the data set, and the backbone of its features"
            )
    table = replace(data.table, attribute_names=own.attribute_names)
    rows = RowClasses.read(class_map, table, backbone).without(table.unseen_names)
    if rows is None:
        raise DataError(
            f"every class of {class_map} is an unseen class of {data.name}, or a kind of one"
        )
    return replace(data, table=table), rows
