"""Row classes: classes that the backbone's own classifier knows, with their attributes.

Letters: J classes, D feature, A attribute.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_map import ClassMap
from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.scales import warn_of_scale
from zsl_images.errors import BackboneError, ClassTableError, counted, listed
from zsl_images.features.backbone_classes import BackboneClasses
from zsl_images.features.backbones import Backbone
from zsl_images.names import matched


@dataclass(frozen=True, eq=False)
class RowClasses:
    """Classes with a row of a backbone's classifier, which says where their photos lie.

    Args:
        class_map: Which rows of the classifier each class has, and what it is a kind of.
        described: Attributes of all classes of the map.
        classes: The classifier.
        backbone: Name of the backbone, for messages.

    Raises:
        ClassTableError: The backbone has no such class, or two classes name the same row.
    """

    class_map: ClassMap
    described: ClassTable
    classes: BackboneClasses
    backbone: str

    def __len__(self) -> int:
        return len(self._rows)

    @cached_property
    def table(self) -> ClassTable:
        """The J classes that have a row, with their attributes."""
        return self.described.select(list(self._rows))

    @cached_property
    def weights(self) -> npt.NDArray[np.float32]:
        """For each class the mean of its rows, less what all rows share, at unit length: (J, D)."""
        rows = np.stack([self.classes.centred(found).mean(axis=0) for found in self._rows.values()])
        weights: npt.NDArray[np.float32] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return weights

    @classmethod
    def read(
        cls, class_map: ClassMap | str | os.PathLike[str], table: ClassTable, backbone: Backbone
    ) -> RowClasses:
        """The classes of a map.

        Args:
            class_map: The map, its file or the name of a shipped one.
            table: Classes with their attributes. Those of the map that are not in it have theirs in
                the file of the map.
            backbone: Backbone whose classifier the map is about.

        Raises:
            BackboneError: The backbone has no classifier that acts on its features.
            ClassTableError: The map cannot be used, or a class of it has no attributes.
        """
        if not isinstance(class_map, ClassMap):
            class_map = ClassMap.read(class_map)
        network = backbone.network()
        if network.classes is None:
            raise BackboneError(
                f"{network.without_classes}, so it teaches no classes; leave --backbone-classes "
                "out, or take a backbone with a classifier, such as tf_efficientnet_lite0"
            )
        class_map = class_map.renamed(matched(class_map.names, table.names, "the class table"))
        return cls(class_map, _described(class_map, table), network.classes, backbone.name)

    def without(self, names: Iterable[str]) -> RowClasses | None:
        """These without some classes and their kinds, so that no row tells of them.

        Returns:
            None if no class is left.
        """
        kept = replace(self, class_map=self.class_map.without(names))
        return kept if len(kept) else None

    @cached_property
    def _rows(self) -> dict[str, list[int]]:
        """Class → its rows of the classifier."""
        return self.class_map.indices(self.classes.index_of, self.backbone)


def _described(class_map: ClassMap, table: ClassTable) -> ClassTable:
    """The classes of a table, and below them those that have their attributes in the map's file."""
    absent = [name for name in class_map.names if name not in set(table.names)]
    if not absent or not class_map.attribute_names:
        class_map.check_described(table.names)
        return table
    own = ClassTable.read(class_map.path)
    others = [name for name in table.attribute_names if name not in set(own.attribute_names)]
    if others:
        raise ClassTableError(
            f"{class_map.path}: {counted(len(others), 'attribute')} of the class table missing here: "
            f"{listed(others, own.attribute_names)}; so nothing describes its "
            f"{counted(len(absent), 'class')} that the table does not have. Add these columns, or give "
            "a map of classes of the table"
        )
    own = own.aligned_to(table.attribute_names)
    own = own.renamed(matched(own.names, class_map.names, "the map")).select(absent)
    warn_of_scale(table, own)
    return table.joined(own)
