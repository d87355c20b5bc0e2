"""The unseen share: how many photos show unseen classes says how far these must be favoured.

Letters: B generated photos, K classes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from zsl_images.arguments import number
from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import ClassTableError
from zsl_images.head.head import Head
from zsl_images.head.latent_source import LatentSource
from zsl_images.metrics import turning_points
from zsl_images.model.scoring import class_scores

_PHOTOS = 20
"""Photos that are generated per class."""


def generated_latents(head: Head) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Latents (B, L) of generated photos of a head's classes, and the class of each, (B,).

    Those of seen classes are drawn from what the head remembers, those of unseen ones from their class
    priors. The same head always gives the same ones.

    Raises:
        DataError: The head remembers nothing of its training rows.
    """
    source = LatentSource(head, None, torch.Generator().manual_seed(0))
    y = source.classes.repeat_interleave(_PHOTOS)  # (B,)
    return source.latents(y).numpy(), y.numpy()


def penalty_for_share(head: Head, table: ClassTable, unseen_share: float) -> float:
    """The seen penalty γ with which as many labels are unseen as photos show unseen classes.

    Photos of each class are generated, see `generated_latents`. One is labelled unseen once γ exceeds
    its turning point, the lead of the best seen class over the best unseen one. So γ is a quantile of
    these turning points:

        Σ_b w_b [turning point_b < γ] = π,    w_b = π / B_unseen or (1 - π) / B_seen

    Args:
        head: A trained head.
        table: Candidates, their attributes in the head's order.
        unseen_share: π, 0 to 1.

    Raises:
        DataError: The share is out of range, or the head remembers nothing of its training rows.
        ClassTableError: The candidates are all seen or all unseen.
    """
    share = number("unseen_share", unseen_share, 0, 1)
    is_penalised = head.penalised(table)
    if is_penalised.all() or not is_penalised.any():
        raise ClassTableError(
            f"{is_penalised.sum()} candidates are seen and {(~is_penalised).sum()} unseen, expected "
            "some of each; with one kind alone, an unseen share changes nothing"
        )
    head = replace(head, table=table)
    latents, labels = generated_latents(head)
    scores = class_scores(latents, head.class_priors(table))  # (B, K)
    of_seen = is_penalised[labels]
    points = turning_points(scores, is_penalised)
    weight = np.where(of_seen, (1 - share) / max(1, of_seen.sum()), share / (~of_seen).sum())
    order = np.argsort(points)
    reached = int(np.searchsorted(np.cumsum(weight[order]), share))
    return float(points[order][min(reached, len(points) - 1)])
