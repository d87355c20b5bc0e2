"""Decisions: the one place that turns features into labels, as columns or as one record per photo.

Letters: N photos, B batch, K candidates, k candidates per decision, D feature, L latent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zsl_images.arguments import count
from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.profiles import known_by
from zsl_images.classes.taxonomy import Taxonomy, deepest
from zsl_images.errors import counted
from zsl_images.head.bursts import together
from zsl_images.head.explanations import Explainer
from zsl_images.head.head import Head
from zsl_images.head.label_sets import SetMaker
from zsl_images.head.outside import Outside
from zsl_images.model.scoring import (
    class_probabilities,
    class_scores,
    nearest_distances,
    penalised,
    top_classes,
)
from zsl_images.results import Candidate, Explanation, LevelLabel, Prediction


@dataclass(frozen=True, eq=False)
class Decisions:
    """What N photos show.

    Args:
        table: The K candidates.
        probabilities: Probabilities of the likeliest classes, 0..1, falling, (N, k).
        rows: Rows of these classes in `table`, (N, k).
        unknown_scores: See `Prediction.unknown_score`; NaN if the head was not validated, (N,).
        is_unknown: Whether a photo is too unlike every candidate to get a label or a group, (N,).
        is_answered: Whether the likeliest class is the label: sure enough, and not unknown, (N,).
        levels: Likeliest group at each level of a taxonomy, from fine to coarse, one tuple per photo.
        answers: Finest of these groups that is sure enough, or None, one per photo.
        label_sets: One per photo, the likeliest label first; None if they were not asked for.
        explanations: One per photo; None if they were not asked for.
    """

    table: ClassTable
    probabilities: npt.NDArray[np.float32]
    rows: npt.NDArray[np.int64]
    unknown_scores: npt.NDArray[np.float32]
    is_unknown: npt.NDArray[np.bool_]
    is_answered: npt.NDArray[np.bool_]
    levels: Sequence[tuple[LevelLabel, ...]]
    answers: Sequence[LevelLabel | None]
    label_sets: Sequence[tuple[str, ...] | None]
    explanations: Sequence[Explanation | None]

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        return f"Decisions({counted(len(self), 'photo')}, {counted(len(self.table), 'candidate')})"

    def predictions(self) -> Iterator[Prediction]:
        """One record per photo, in order."""
        table = self.table
        every = list(zip(table.names, table.is_seen.tolist(), known_by(table), strict=True))
        for photo, (rows, probabilities) in enumerate(
            zip(self.rows.tolist(), self.probabilities.tolist(), strict=True)
        ):
            unknown = float(self.unknown_scores[photo])
            yield Prediction(
                path=None,
                top=tuple(
                    Candidate(every[row][0], probability, *every[row][1:])
                    for row, probability in zip(rows, probabilities, strict=True)
                ),
                unknown_score=None if np.isnan(unknown) else unknown,
                is_abstention=not self.is_answered[photo],
                is_unknown=bool(self.is_unknown[photo]),
                levels=self.levels[photo],
                answer=self.answers[photo],
                label_set=self.label_sets[photo],
                explanation=self.explanations[photo],
            )


_BLOCK = 4096
"""Features that are scored at once."""


class Decider:
    """Labels features: the one place where labels are made.

    What depends only on the classes is computed once, when it is made.

    Args:
        head: A trained head.
        table: K candidates, their attributes in the head's order.
        seen_penalty: γ.
        min_confidence: Smallest probability, 0..1, of a label.
        max_unknown: Largest share of photos of known classes, 0..1, that may be called unknown.
        coverage: Share of photos of known classes whose label set must hold the right label, or None.
        taxonomy: Groups of the classes, or None.
        is_explaining: Whether decisions carry explanations.
        top_k: Number of candidates per decision; at most all of them.

    Raises:
        DataError: `top_k` is less than 1, or the head has no photos to make label sets from.
    """

    def __init__(
        self,
        head: Head,
        table: ClassTable,
        *,
        seen_penalty: float,
        min_confidence: float,
        max_unknown: float,
        coverage: float | None,
        taxonomy: Taxonomy | None,
        is_explaining: bool,
        top_k: int,
    ) -> None:
        self._head, self._table, self._top_k = head, table, count("top_k", top_k)
        self._seen_penalty, self._min_confidence = seen_penalty, min_confidence
        self._max_unknown, self._outside = max_unknown, Outside(head.frozen)
        self._sets = None if coverage is None else SetMaker(head.calibration, table, coverage)
        self._priors, self._centres = head.class_priors(table), head.centres(table)
        self._roll_up = taxonomy.of(table.names) if taxonomy else None
        self._explainer = Explainer(head, table) if is_explaining else None

    def __call__(
        self, features: npt.NDArray[np.floating[Any]], bursts: npt.NDArray[np.int64] | None = None
    ) -> Decisions:
        """The decisions on features (N, D).

        Args:
            features: Features of N photos.
            bursts: Number of each photo's burst, (N,), see `bursts_of`. Default: each by itself.
        """
        starts = range(0, max(1, len(features)), _BLOCK)
        bursts = np.arange(len(features)) if bursts is None else bursts
        parts_of = [slice(start, start + _BLOCK) for start in starts]
        blocks = [self._block(features[part], bursts[part]) for part in parts_of]
        probabilities, rows, unknown = (
            np.concatenate(parts) for parts in zip(*(block[:3] for block in blocks), strict=True)
        )
        levels = [found for block in blocks for found in block[3]]
        least = self._min_confidence
        is_unknown = unknown > 1 - self._max_unknown  # NaN, if the head was not validated, is not
        is_unknown &= self._head.calibration.is_of_photos
        return Decisions(
            table=self._table,
            probabilities=probabilities,
            rows=rows,
            unknown_scores=unknown,
            is_unknown=is_unknown,
            is_answered=(probabilities[:, 0] >= least) & ~is_unknown,
            levels=levels,
            answers=[
                None if unlike else deepest(found, least)
                for found, unlike in zip(levels, is_unknown, strict=True)
            ],
            label_sets=[found for block in blocks for found in block[4]],
            explanations=[why for block in blocks for why in block[5]],
        )

    def _block(
        self, features: npt.NDArray[np.floating[Any]], bursts: npt.NDArray[np.int64]
    ) -> tuple[
        npt.NDArray[np.float32],
        npt.NDArray[np.int64],
        npt.NDArray[np.float32],
        list[tuple[LevelLabel, ...]],
        Sequence[tuple[str, ...] | None],
        Sequence[Explanation | None],
    ]:
        """Probabilities, rows, unknown scores, levels, sets and explanations of features (B, D)."""
        head, calibration = self._head, self._head.calibration
        scaled = head.frozen.feature_scaling(features.astype(np.float32))  # (B, P)
        latents = head.frozen.encoder.mean(scaled)  # (B, L)
        scores = penalised(  # (B, K)
            class_scores(latents, self._priors), head.penalised(self._table), self._seen_penalty
        )
        every = class_probabilities(scores, calibration.temperature)  # (B, K)
        distances = nearest_distances(scaled, self._centres)  # (B,)
        if calibration.outside_weight:
            distances += np.float32(calibration.outside_weight) * self._outside(features)
        if len(np.unique(bursts)) < len(bursts):
            every, distances = together(every, distances, bursts)
        is_seen = self._table.is_seen[every.argmax(axis=1)]
        roll_up, explainer, sets = self._roll_up, self._explainer, self._sets
        return (
            *top_classes(every, self._top_k),
            calibration.unknown_scores(distances, is_seen),
            [roll_up(photo) if roll_up else () for photo in every],
            sets(every) if sets else [None] * len(scores),
            explainer.explain(latents, scores) if explainer else [None] * len(scores),
        )
