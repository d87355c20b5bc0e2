"""The feature classifier: a head with candidate classes and the settings of a decision.

Letters: N photos, K candidates, D feature, L latent.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.descriptions import encoder_of, read_classes
from zsl_images.classes.scales import warn_of_scale
from zsl_images.defaults import DEFAULT_HEAD
from zsl_images.errors import ClassTableError
from zsl_images.head.deciding import Deciding
from zsl_images.head.edit_classes import remove_classes, rename_classes
from zsl_images.head.head import Head
from zsl_images.head.head_file import load_head, save_head
from zsl_images.names import matched
from zsl_images.progress import OnStep


@dataclass(frozen=True, eq=False, repr=False)
class FeatureClassifier(Deciding):
    """Labels features; see `Deciding` for its arguments."""

    @classmethod
    def of(cls, head: Head, **settings: Any) -> Self:
        """A classifier with the classes and the seen penalty of a head."""
        return cls(head=head, table=head.table, seen_penalty=head.calibration.seen_penalty, **settings)

    @classmethod
    def load(cls, name_or_path: str | os.PathLike[str] = DEFAULT_HEAD) -> FeatureClassifier:
        """Load a head, shipped (by name) or your own (by path), to label features.

        Raises:
            HeadError: The head cannot be read.
        """
        return FeatureClassifier.of(load_head(name_or_path))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the head file, with the candidate classes as the head's table.

        Raises:
            OutputError: The file cannot be written.
        """
        save_head(self.own_head(), path)

    def own_head(self) -> Head:
        """The head with the candidates as its table and the classifier's seen penalty as its own."""
        return replace(self.head.with_seen_penalty(self.seen_penalty), table=self.table)

    def with_head(self, head: Head) -> Self:
        """The same classifier with another head, whose classes become the candidates."""
        return replace(self, head=head, table=head.table, seen_penalty=head.calibration.seen_penalty)

    def add_classes(
        self,
        table: ClassTable | str | os.PathLike[str],
        *,
        learn: bool = False,
        known: tuple[npt.NDArray[np.float32], Sequence[str]] | None = None,
        seed: int = 0,
        on_step: OnStep | None = None,
    ) -> Self:
        """The same classifier with more unseen classes; see `head.add_classes.add_classes`.

        Raises:
            ClassTableError: A class is already a candidate, or an attribute is missing.
            DataError: With `learn`, the head remembers nothing to generate features from.
        """
        from zsl_images.head.add_classes import add_classes  # wakes torch

        grown = add_classes(
            self.own_head(),
            ClassTable.of(table),
            learn=learn,
            known=known,
            seed=seed,
            on_step=on_step,
        )
        return self.with_head(grown)

    def remove_classes(self, names: Sequence[str]) -> Self:
        """The same classifier without these classes.

        Raises:
            ClassTableError: A name is no candidate, or no candidate would be left.
        """
        return self.with_head(remove_classes(self.own_head(), names))

    def rename_classes(self, names: Mapping[str, str]) -> Self:
        """The same classifier with other names (old → new) for its classes.

        Raises:
            ClassTableError: An old name is no candidate, or a new name is already one.
        """
        return self.with_head(rename_classes(self.own_head(), names))

    def with_classes(self, table: ClassTable | str | os.PathLike[str]) -> Self:
        """The same classifier with the classes of `table` as its only candidates.

        Attributes are matched by name. A class is known as the class of that name is known to the head:
        by photos, by the backbone, or by its attributes alone; if the head spells it differently, it
        gets the head's spelling, see `names.matched`.

        Args:
            table: Candidates, as a table, its file or the name of a shipped one.

        Raises:
            ClassTableError: The table cannot be used, an attribute of the head is missing, or two
                classes mean the same class of the head.
        """
        head_table = self.head.table
        table = ClassTable.of(table).aligned_to(head_table.attribute_names)
        table = table.renamed(matched(table.names, head_table.names, "the head"))
        warn_of_scale(head_table, table)
        table = table.with_seen(head_table.seen_names).with_rows(head_table.row_names)
        return replace(self, table=table)

    def with_descriptions(
        self,
        text: str | os.PathLike[str],
        attributes: ClassTable | str | os.PathLike[str] | None = None,
    ) -> Self:
        """The same classifier with candidates that are described in words.

        Args:
            text: Table of classes and descriptions, read by the text encoder of the head.
            attributes: Attributes of the same classes, for a head that was trained with both.

        Raises:
            ClassTableError: A table cannot be used, or the head was trained without descriptions.
            TextEncoderError: The head's text encoder cannot be loaded.
        """
        return self.with_classes(read_classes(attributes, text, lambda: encoder_of(self.head.table)))

    def only_unseen(self) -> Self:
        """The same classifier with its unseen classes as the only candidates (ZSL, not GZSL).

        Raises:
            ClassTableError: There is no unseen class.
        """
        if not self.table.unseen_names:
            raise ClassTableError(
                "every candidate is a seen class; give a table with unseen classes, or allow seen ones"
            )
        return replace(self, table=self.table.select(self.table.unseen_names))
