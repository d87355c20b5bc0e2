"""Deciding: a head with candidate classes, and the settings by which scores become labels.

Letters: N photos, K candidates, D feature, L latent.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np
import numpy.typing as npt

from zsl_images.arguments import check_path, number
from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.profiles import known_by
from zsl_images.classes.taxonomy import Taxonomy
from zsl_images.defaults import BALANCED, MAX_UNKNOWN, TOP_K
from zsl_images.errors import ClassTableError, DataError, counted
from zsl_images.head.bursts import bursts_of
from zsl_images.head.decisions import Decider, Decisions
from zsl_images.head.head import Head
from zsl_images.results import PhotoFacts


@dataclass(frozen=True, eq=False)
class Deciding:
    """A head, the classes it may choose from, and the settings of a decision.

    Args:
        head: A trained head.
        table: Candidate classes, their attributes in the head's order.
        seen_penalty: γ, subtracted from the scores of seen classes, in units of squared latent
            distance; a higher γ favours unseen classes.
        min_confidence: Smallest probability, 0..1, of a label.
        max_unknown: Largest share of photos of known classes, 0..1, that may be called unknown: a photo
            is unknown, and gets no label, if all but this share of them lie nearer to a class. With 0,
            none is.
        coverage: Share of photos of known classes, 0..1, whose label set must hold the right label, see
            `label_sets`; None for no sets.
        burst: Longest time in seconds between two photos of a burst, which label files answer together,
            see `bursts`; None to answer each photo by itself.
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
    max_unknown: float = MAX_UNKNOWN
    coverage: float | None = None
    burst: float | None = None
    taxonomy: Taxonomy | None = None
    is_explaining: bool = False

    def __post_init__(self) -> None:
        number("min_confidence", self.min_confidence, 0, 1)
        number("seen_penalty", self.seen_penalty)
        number("max_unknown", self.max_unknown, 0, 1)
        if self.coverage is not None:
            number("coverage", self.coverage, 0, 1)
        if self.burst is not None:
            number("burst", self.burst, 0)
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

    def with_min_confidence(self, min_confidence: float) -> Self:
        """The same classifier, but photos below this probability (0..1) get no label."""
        return replace(self, min_confidence=min_confidence)

    def with_max_unknown(self, max_unknown: float) -> Self:
        """The same classifier, but at most this share of photos of known classes (0..1) is unknown.

        With 0, every photo gets a label.
        """
        return replace(self, max_unknown=max_unknown)

    def with_coverage(self, coverage: float | None) -> Self:
        """The same classifier, which also answers with label sets; see `label_sets`.

        Args:
            coverage: Share of photos of known classes, 0..1, whose set must hold the right label; None
                for no sets.
        """
        return replace(self, coverage=coverage)

    def with_burst(self, seconds: float | None) -> Self:
        """The same classifier, but label files answer the photos of a burst together; see `bursts`.

        Args:
            seconds: Longest time between two photos of a burst; None to answer each by itself.
        """
        return replace(self, burst=seconds)

    def bursts_of(
        self, paths: Sequence[str], facts: Sequence[PhotoFacts]
    ) -> npt.NDArray[np.int64] | None:
        """The burst of each of N photos, (N,); None if each is answered by itself."""
        return None if self.burst is None else bursts_of(paths, facts, self.burst)

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
            DataError: `top_k` is less than 1, or the head has no photos to make label sets from.
        """
        return Decider(
            self.head,
            self.table,
            seen_penalty=self.seen_penalty,
            min_confidence=self.min_confidence,
            max_unknown=self.max_unknown,
            coverage=self.coverage,
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
            replace(self.head.calibration, metrics={}),
            self.head.calibration.is_of_photos,
            self.min_confidence,
            self.max_unknown,
            self.coverage,
            self.burst,
            self.taxonomy and (self.taxonomy.levels, groups),
            top_k,
        )
        digest = hashlib.sha256(repr(settings).encode())
        for places in (self.class_priors(), self.head.centres(self.table)):
            digest.update(places.tobytes())
        for _, array in sorted(self.head.frozen.arrays.items()):
            digest.update(array.tobytes())
        return digest.hexdigest()[:16]
