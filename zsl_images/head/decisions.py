"""Decisions: what photos show, as columns, and as one record per photo.

Letters: N photos, K candidate classes, k candidates that a decision names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_table import ClassTable
from zsl_images.results import Candidate, Explanation, LevelLabel, Prediction


@dataclass(frozen=True, eq=False)
class Decisions:
    """What N photos show.

    Args:
        table: the K candidates.
        probabilities: (N, k) of the likeliest classes, 0..1, falling.
        rows: (N, k) of these classes in `table`.
        unknown_scores: (N,), see `Prediction.unknown_score`; NaN if the head was not validated.
        is_answered: (N,) bool, whether the likeliest class is sure enough to be the label.
        levels: of each photo the likeliest group at each level of a taxonomy, from fine to coarse.
        answers: of each photo the finest of them that is sure enough.
        explanations: of each photo, if they were asked for.
    """

    table: ClassTable
    probabilities: npt.NDArray[np.float32]
    rows: npt.NDArray[np.int64]
    unknown_scores: npt.NDArray[np.float32]
    is_answered: npt.NDArray[np.bool_]
    levels: Sequence[tuple[LevelLabel, ...]]
    answers: Sequence[LevelLabel | None]
    explanations: Sequence[Explanation | None]

    def __len__(self) -> int:
        return len(self.rows)

    def predictions(self) -> Iterator[Prediction]:
        """One record per photo, in order."""
        every = list(zip(self.table.names, self.table.is_seen.tolist(), strict=True))
        for photo, (rows, probabilities) in enumerate(
            zip(self.rows.tolist(), self.probabilities.tolist(), strict=True)
        ):
            unknown = float(self.unknown_scores[photo])
            yield Prediction(
                path=None,
                top=tuple(
                    Candidate(every[row][0], probability, every[row][1])
                    for row, probability in zip(rows, probabilities, strict=True)
                ),
                unknown_score=None if np.isnan(unknown) else unknown,
                is_abstention=not self.is_answered[photo],
                levels=self.levels[photo],
                answer=self.answers[photo],
                explanation=self.explanations[photo],
            )
