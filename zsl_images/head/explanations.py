"""Explanations: which attributes speak for a label, measured with the head itself."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_table import ClassTable
from zsl_images.head.head import Head
from zsl_images.model.scoring import class_scores
from zsl_images.results import Explanation, Influence, Neighbour

Vectors = npt.NDArray[np.float32]

NEIGHBOURS = 3
"""Number of seen classes in an explanation."""


class Explainer:
    """Explains labels by removing one attribute at a time.

        influence(a) = [s(x, y) - s(x, y without a)] - [s(x, r) - s(x, r without a)]

    with the score s of eq. 3, the label y and the runner-up r. An attribute is removed by giving the
    class the mean of the head's table instead (occlusion, Zeiler & Fergus, ECCV 2014). Positive
    influences speak for the label and against the runner-up. The vector of a description is removed
    as a whole, under the name `description`.

    Letters: B photos, K candidates, A attributes, G removable groups of them, L latent.

    Args:
        head: A trained head.
        table: K candidates, their attributes in the head's order.
    """

    def __init__(self, head: Head, table: ClassTable) -> None:
        self.head, self.table = head, table
        self.mean = head.table.attributes.mean(axis=0)
        seen = head.table.seen_names
        self.seen_priors = np.zeros((0, head.config.latent_dim), np.float32)
        if seen:
            self.seen_priors = head.class_priors(head.table.select(seen))
        self._priors: dict[int, Vectors] = {}
        count = len(self.mean) - table.text_dim
        self.names = table.attribute_names[:count] + ("description",) * (table.text_dim > 0)
        self.taken = np.eye(len(self.names), len(self.mean), dtype=bool)  # (G, A)
        self.taken[count:, count:] = True

    def explain(self, latents: Vectors, scores: Vectors) -> list[Explanation]:
        """Explain the label of each photo.

        Args:
            latents: mu(x), (B, L).
            scores: Scores (B, K) less the seen penalty.
        """
        return [self._explain(*pair) for pair in zip(latents, scores, strict=True)]

    def influences(self, latent: Vectors, label: int, runner_up: int) -> Vectors:
        """How much each of `names` adds to the lead of one class over another, (G,)."""
        lead = np.zeros(1 + len(self.names), np.float32)
        for sign, row in ((1, label), (-1, runner_up)):
            lead += sign * class_scores(latent[None], self._occluded(row))[0]
        influences: Vectors = lead[0] - lead[1:]
        return influences

    def _explain(self, latent: Vectors, scores: Vectors) -> Explanation:
        order = np.argsort(-scores, kind="stable")[:2].tolist()
        attributes: tuple[Influence, ...] = ()
        if len(order) == 2:
            label, runner_up = order
            found = self.influences(latent, label, runner_up)
            shares = found / max(float(np.abs(found).sum()), 1e-12)
            values = np.full((2, len(self.names)), np.nan)
            count = len(self.mean) - self.table.text_dim
            values[:, :count] = self.table.attributes[order, :count]
            attributes = tuple(
                Influence(self.names[i], float(shares[i]), *(_or_none(v) for v in values[:, i]))
                for i in np.argsort(-np.abs(shares), kind="stable")
            )
        distances = np.sqrt(np.maximum(-class_scores(latent[None], self.seen_priors)[0], 0))
        near = np.argsort(distances, kind="stable")[:NEIGHBOURS].tolist()
        return Explanation(
            label=self.table.names[order[0]],
            runner_up=self.table.names[order[1]] if attributes else None,
            attributes=attributes,
            nearest_seen=tuple(
                Neighbour(self.head.table.seen_names[row], float(distances[row])) for row in near
            ),
        )

    def _occluded(self, row: int) -> Vectors:
        """The prior of a candidate, then its priors without each of `names`: (1 + G, L)."""
        if row not in self._priors:
            own = self.table.attributes[row]
            without = np.where(self.taken, self.mean, own)
            priors = self.head.priors_of(np.concatenate([own[None], without]).astype(np.float32))
            residual = self.head.residuals.get(self.table.names[row], np.float32(0))
            self._priors[row] = priors + residual
        return self._priors[row]


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
