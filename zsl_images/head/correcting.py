"""Correcting: a head learns from photos whose labels people have corrected, and forgets nothing.

Each seen class gets a residual on its prior. All of them learn together, from the corrected photos and,
for every seen class, from generated photos as the head remembers them:

    share · CE(corrected photos) + (1 - share) · CE(remembered photos) + pull · mean ‖r_k‖² / ‖mu(a)‖²

with share = N / (N + S · photos of a class). So a class that is corrected comes nearer to its photos,
and the others make room without losing theirs.

Letters: N photos, B batch, K classes, S seen classes, D feature, L latent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from zsl_images.errors import DataError
from zsl_images.head.edit_classes import promote_classes
from zsl_images.head.head import Head
from zsl_images.head.latent_source import LatentSource
from zsl_images.model.optimiser import Descent
from zsl_images.model.scoring import class_scores, penalised
from zsl_images.progress import OnStep, StepRecord


@dataclass(frozen=True)
class CorrectConfig:
    """Settings of learning from corrections. They were chosen on held-out photos of seen classes.

    Args:
        steps: Number of steps.
        batch_size: Remembered photos per step.
        photos_of_class: Number of corrected photos that the memory of a class counts as much as.
        rate: Learning rate, in units of a class prior's root mean square; it falls to 0 along a cosine.
        pull: Weight of the residuals' squared length, in units of a class prior's squared length.
    """

    steps: int = 100
    batch_size: int = 256
    photos_of_class: float = 120.0
    rate: float = 0.1
    pull: float = 5.0


def correct_classes(
    head: Head,
    features: npt.NDArray[np.float32],
    labels: Sequence[str],
    *,
    new: bool = False,
    seed: int = 0,
    config: CorrectConfig | None = None,
    on_step: OnStep | None = None,
) -> Head:
    """Learn from photos that people have labelled, of seen and of unseen classes.

    Unseen classes among them are promoted first, see `promote_classes`.

    Args:
        head: A trained head.
        features: Features (N, D) of the photos.
        labels: Right class of each, (N,).
        new: Whether labels that are no class of the head become classes without attributes.
        seed: Seed of every random choice.
        config: Settings. Default: `CorrectConfig()`.
        on_step: Called after each step.

    Raises:
        ClassTableError: A label is no class of the head, and `new` is not set.
        DataError: There are no photos, or the head remembers nothing of its training rows.
    """
    if not len(labels):
        raise DataError("no corrected photos, so there is nothing to learn")
    config = config or CorrectConfig()
    seen = set(head.table.seen_names)
    if not new:
        head.table.rows_of(labels)
    fresh = [row for row, label in enumerate(labels) if label not in seen]
    if fresh:
        head = promote_classes(head, features[fresh], [labels[row] for row in fresh], new=new)
    residuals = _learned(head, features, head.table.rows_of(labels), seed, config, on_step)
    names = head.table.seen_names
    moved = {
        name: head.residuals.get(name, np.float32(0)) + residual
        for name, residual in zip(names, residuals, strict=True)
    }
    return replace(head, residuals={**head.residuals, **moved})


def _learned(
    head: Head,
    features: npt.NDArray[np.float32],
    rows: npt.NDArray[np.int64],
    seed: int,
    config: CorrectConfig,
    on_step: OnStep | None,
) -> npt.NDArray[np.float32]:
    """What is added to the residuals of the seen classes, (S, L)."""
    table, calibration = head.table, head.calibration
    source = LatentSource(head, None, torch.Generator().manual_seed(seed))
    priors, is_penalised = source.priors, torch.tensor(head.penalised(table))  # (K, L)
    z = torch.tensor(head.frozen.latents(features))  # (N, L)
    y = torch.tensor(rows)
    seen = torch.tensor(table.is_seen).nonzero()[:, 0]
    length = priors.square().sum(1).mean()
    residual = priors.new_zeros(len(seen), priors.shape[1]).requires_grad_()

    def cross_entropy(latents: Tensor, labels: Tensor) -> Tensor:
        scores = class_scores(latents, priors.index_add(0, seen, residual))
        logits = penalised(scores, is_penalised, calibration.seen_penalty) / calibration.temperature
        return F.cross_entropy(logits, labels)

    share = len(y) / (len(y) + config.photos_of_class * len(seen))
    remembered = source.classes[torch.isin(source.classes, seen)]
    rate = config.rate * float(length / priors.shape[1]) ** 0.5
    descent = Descent([residual], rate, config.steps)
    for step in range(1, config.steps + 1):
        chosen = torch.randint(len(remembered), (config.batch_size,), generator=source.generator)
        drawn = remembered[chosen]  # (B,)
        losses = {
            "corrected": share * cross_entropy(z, y),
            "remembered": (1 - share) * cross_entropy(source.latents(drawn), drawn),
            "pull": config.pull * residual.square().sum(1).mean() / length,
        }
        descent.step(losses)
        if on_step:
            values = {name: loss.item() for name, loss in losses.items()}
            on_step(StepRecord("correcting", step, config.steps, values))
    found: npt.NDArray[np.float32] = residual.detach().numpy()
    return found
