"""Latent source: where latents of a trained head's classes come from when no photo is at hand.

Letters: N photos, K classes, B batch, D feature, L latent.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsl_images.errors import DataError
from zsl_images.head.head import Head
from zsl_images.head.remembering import Recollection


class LatentSource:
    """Source of latents for the classes of a head: given features if a class has some, else generated
    ones.

    Args:
        head: A trained head.
        known: Features (N, D) of classes of the head, and the class of each row, or None.
        generator: Source of every random choice.

    Raises:
        DataError: The head remembers nothing to generate features from.
    """

    def __init__(
        self,
        head: Head,
        known: tuple[npt.NDArray[np.float32], Sequence[str]] | None,
        generator: torch.Generator,
    ) -> None:
        table, memory = head.table, head.memory
        if memory is None:
            raise DataError(
                "the head remembers nothing of its training rows, so it cannot generate features; "
                "train it again with this version, or add the classes without learning"
            )
        self.model, self.generator = head.model, generator
        device = head.model.device
        self.memory = Recollection(memory, device)
        self.priors = torch.tensor(head.class_priors(table), device=device)
        self.given = self.priors[:0]  # latents of given rows, sorted by class
        self.counts = torch.zeros(len(table), dtype=torch.int64, device=device)
        if known is not None:
            table.select(list(dict.fromkeys(known[1])))
            row_of = {name: row for row, name in enumerate(table.names)}
            labels = torch.tensor([row_of[name] for name in known[1]], device=device)
            latents = head.model.latents(torch.tensor(known[0], device=device))
            self.given = latents[labels.argsort(stable=True)]
            self.counts = torch.bincount(labels, minlength=len(table))
        remembered = {name: row for row, name in enumerate(memory.names)}
        self.remembered = torch.tensor(
            [remembered.get(name, -1) for name in table.names], device=device
        )
        has_source = [
            not seen or name in remembered or count > 0
            for name, seen, count in zip(table.names, table.is_seen, self.counts, strict=True)
        ]
        self.classes = torch.tensor(has_source, device=device).nonzero()[:, 0]

    @torch.no_grad()
    def latents(self, y: Tensor) -> Tensor:
        """One latent for each class in `y`: (B,) → (B, L)."""
        model, memory, generator = self.model, self.memory, self.generator
        x = model.generate(self.priors[y], memory.noise, generator)  # (B, P)
        is_known = self.remembered[y] >= 0
        drawn = memory.draw(self.remembered[y[is_known]], generator)
        x[is_known] = model.feature_scaling.place(drawn)
        z: Tensor = model.encoder.mean(x)  # (B, L)
        given = y[self.counts[y] > 0]
        share = torch.rand(len(given), generator=generator, device=y.device)
        first = self.counts.cumsum(0) - self.counts  # of each class, in `self.given`
        z[self.counts[y] > 0] = self.given[first[given] + (share * self.counts[given]).long()]
        return z
