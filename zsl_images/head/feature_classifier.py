"""The feature classifier: a head with candidate classes and the settings of a decision.

Letters: N photos, K candidates, D feature, L latent.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from zsl_images.arguments import check_path, number
from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.descriptions import encoder_of, read_classes
from zsl_images.classes.profiles import known_by
from zsl_images.classes.scales import warn_of_scale
from zsl_images.classes.taxonomy import Taxonomy
from zsl_images.defaults import BALANCED, DEFAULT_HEAD, TOP_K
from zsl_images.errors import ClassTableError, DataError, counted
from zsl_images.head.decisions import Decider, Decisions
from zsl_images.head.edit_classes import remove_classes, rename_classes
from zsl_images.head.head import Head
from zsl_images.head.head_file import load_head, save_head
from zsl_images.names import matched
from zsl_images.progress import OnStep


@dataclass(frozen=True, eq=False)
class FeatureClassifier:
    """Labels features: a head, the classes it may choose from, and the settings of a decision.

    Args:
        head: A trained head.
        table: Candidate classes, their attributes in the head's order.
        seen_penalty: γ, subtracted from the scores of seen classes, in units of squared latent
            distance; a higher γ favours unseen classes.
        min_confidence: Smallest probability, 0..1, of a label.
        taxonomy: Groups of the classes, with a row for every candidate.
        is_explaining: Whether decisions carry explanations.

    Raises:
        ClassTableError: A candidate is not in the taxonomy.
        DataError: A setting is out of its range.
    """

    head: Head
    table: ClassTable
    seen_penalty: float
    min_confidence: float = 0.0
    taxonomy: Taxonomy | None = None
    is_explaining: bool = False

    def __post_init__(self) -> None:
        number("min_confidence", self.min_confidence, 0, 1)
        number("seen_penalty", self.seen_penalty)
        if self.taxonomy is not None:
            self.taxonomy.of(self.table.names)

    def __repr__(self) -> str:
        penalty, confidence = float(self.seen_penalty), float(self.min_confidence)
        return (
            f"{type(self).__name__}({counted(len(self.table), 'candidate')}, "
            f"{len(self.table.seen_names)} seen, seen_penalty={penalty:.4g}, "
            f"min_confidence={confidence:g})"
        )

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the K candidates."""
        return self.table.names

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

    def with_min_confidence(self, min_confidence: float) -> Self:
        """The same classifier, but photos below this probability (0..1) get no label."""
        return replace(self, min_confidence=min_confidence)

    def with_seen_penalty(self, seen_penalty: float | Literal["balanced"]) -> Self:
        """The same classifier with another seen penalty γ.

        Args:
            seen_penalty: γ, or `balanced` for the best harmonic mean of seen and unseen accuracy.

        Raises:
            DataError: It is neither.
        """
        if isinstance(seen_penalty, str) and seen_penalty == BALANCED:
            return replace(self, seen_penalty=self.head.calibration.balanced_seen_penalty)
        return replace(self, seen_penalty=number("seen_penalty", seen_penalty))

    def with_unseen_share(self, unseen_share: float) -> Self:
        """The same classifier with the seen penalty that suits a share of photos of unseen classes.

        It holds for the candidates there are now, so choose these first; see
        `unseen_share.penalty_for_share`.

        Args:
            unseen_share: Share of the photos, 0..1, that show unseen classes.

        Raises:
            DataError: The share is out of range, or the head remembers nothing of its training rows.
            ClassTableError: The candidates are all seen or all unseen.
        """
        from zsl_images.head.unseen_share import penalty_for_share  # wakes torch

        return replace(self, seen_penalty=penalty_for_share(self.head, self.table, unseen_share))

    def with_taxonomy(self, taxonomy: Taxonomy | str | os.PathLike[str]) -> Self:
        """The same classifier, which also answers at the levels of a taxonomy.

        Args:
            taxonomy: Groups of the candidates, as a taxonomy, its file or the name of a shipped one.

        Raises:
            ClassTableError: The taxonomy cannot be used, or a candidate is not in it.
        """
        if not isinstance(taxonomy, Taxonomy):
            check_path("a Taxonomy, its file or the name of a shipped one", taxonomy, ClassTableError)
            taxonomy = Taxonomy.read(taxonomy)
        return replace(self, taxonomy=taxonomy.spelt_like(self.table.names))

    def with_explanations(self) -> Self:
        """The same classifier, but its decisions carry explanations."""
        return replace(self, is_explaining=True)

    def class_priors(self) -> npt.NDArray[np.float32]:
        """The class priors of the candidates, (K, L); see `Head.class_priors`."""
        return self.head.class_priors(self.table)

    def label_features(self, features: npt.NDArray[np.floating[Any]], top_k: int = TOP_K) -> Decisions:
        """Label features as the backbone gives them.

        Args:
            features: Features (N, D).
            top_k: Number of candidates per decision; at most all of them.

        Raises:
            DataError: `top_k` is less than 1, or the features are not those of the head's backbone.
        """
        width, shape = self.head.config.feature_dim, np.shape(features)
        if len(shape) != 2 or shape[1] != width or not np.isfinite(features).all():
            raise DataError(f"features of shape {shape}, expected (N, {width}), all of them finite")
        return self.decider(top_k)(features)

    def decider(self, top_k: int = TOP_K) -> Decider:
        """A function from features to decisions, ready for many calls.

        Raises:
            DataError: `top_k` is less than 1.
        """
        return Decider(
            self.head,
            self.table,
            seen_penalty=self.seen_penalty,
            min_confidence=self.min_confidence,
            taxonomy=self.taxonomy,
            is_explaining=self.is_explaining,
            top_k=top_k,
        )

    def fingerprint(self, top_k: int = TOP_K) -> str:
        """Hash of everything but the feature that a label depends on: head, candidates, settings."""
        groups = self.taxonomy and self.taxonomy.lineages_of(self.table.names)
        settings = (
            self.table.names,
            known_by(self.table),
            self.seen_penalty,
            self.head.calibration.temperature,
            self.head.calibration.known_distances,
            self.min_confidence,
            self.taxonomy and (self.taxonomy.levels, groups),
            top_k,
        )
        digest = hashlib.sha256(repr(settings).encode())
        for places in (self.class_priors(), self.head.centres(self.table)):
            digest.update(places.tobytes())
        for _, array in sorted(self.head.frozen.arrays.items()):
            digest.update(array.tobytes())
        return digest.hexdigest()[:16]
