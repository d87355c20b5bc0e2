"""New classes: a trained head gains classes from their attributes, with or without learning.

Learning gives each of them a residual:

    class prior of k = mu(a_k) + residual_k

Letters: K classes, N photos, B batch, D feature, L latent.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.scales import warn_of_scale
from zsl_images.errors import ClassTableError, listed
from zsl_images.head.head import Head
from zsl_images.head.latent_source import LatentSource
from zsl_images.model.optimiser import Descent
from zsl_images.model.scoring import class_scores, penalised
from zsl_images.names import in_both
from zsl_images.progress import StepRecord


def add_classes(
    head: Head,
    table: ClassTable,
    *,
    learn: bool = False,
    known: tuple[npt.NDArray[np.float32], Sequence[str]] | None = None,
    seed: int = 0,
    config: GrowConfig | None = None,
    on_step: Callable[[StepRecord], None] | None = None,
) -> Head:
    """Add unseen classes from their attributes.

    Args:
        head: A trained head.
        table: The new classes; attributes are matched to the head's by name.
        learn: Whether to generate features and learn from them, see `learned_residuals`; if not, the
            prior network alone places the classes.
        known: Features (N, D) of classes of the head, and the class of each row. Default: features
            generated from what the head remembers.
        seed: Seed of every random choice.
        config: Settings of learning. Default: `GrowConfig()`.
        on_step: Called after each step.

    Returns:
        A head whose table has the new classes below its own.

    Raises:
        ClassTableError: A class is already in the head, an attribute is missing, or `known` has a class
            that is not in the head.
        DataError: The head remembers nothing to generate features from.

    Warns:
        ClassTableWarning: The attributes seem to be on another scale.
    """
    head = head.with_table(head.table)
    table = table.aligned_to(head.table.attribute_names)
    warn_of_scale(head.table, table)
    if both := in_both(table.names, head.table.names):
        raise ClassTableError(
            f"the head has these classes already: {listed(both)}; give them other names, or take the "
            "old ones out with `zsl classes remove`"
        )
    new = table.with_seen(())
    grown = replace(head, table=head.table.joined(new))
    if not learn:
        return grown
    residuals = learned_residuals(grown, new.names, known, seed, config or GrowConfig(), on_step)
    return replace(grown, residuals={**grown.residuals, **residuals})


@dataclass(frozen=True)
class GrowConfig:
    """Settings of learning new classes. They were chosen on folds of seen classes.

    Args:
        steps: Number of steps.
        batch_size: Generated rows per step.
        new_share: Smallest share of new classes in a batch; a larger one costs seen classes more than
            two points if twelve classes are added.
        rate: Learning rate, in units of a class prior's root mean square; it falls to 0 along a cosine.
        pull: Weight of the residual's squared length, in units of a class prior's squared length.
    """

    steps: int = 100
    batch_size: int = 256
    new_share: float = 0.25
    rate: float = 0.1
    pull: float = 5.0


def learned_residuals(
    head: Head,
    new: Sequence[str],
    known: tuple[npt.NDArray[np.float32], Sequence[str]] | None,
    seed: int,
    config: GrowConfig,
    on_step: Callable[[StepRecord], None] | None = None,
) -> dict[str, npt.NDArray[np.float32]]:
    """Generate-and-learn for new classes of a trained head.

    As in algorithm 1 of the paper, a class is drawn uniformly, then z ~ p(z|a), as far from its prior
    as seen classes are from theirs, then x ~ p(x|z). Only the residuals r of the new classes learn,
    from the cross-entropy over all classes:

        -log softmax( scores / temperature )_y + pull · mean ‖r_k‖² / ‖mu(a)‖²

    Args:
        head: A head with the new classes in its table.
        new: Names of the new classes.
        known: See `add_classes`.
        seed: Seed of every random choice.
        config: Settings of learning.
        on_step: Called after each step.

    Returns:
        Class name → residual (L,).
    """
    device = head.model.device
    generator = torch.Generator(device).manual_seed(seed)
    draw = LatentSource(head, known, generator)
    priors, is_seen = draw.priors, torch.tensor(head.penalised(head.table), device=device)
    rows = torch.tensor([head.table.names.index(name) for name in new], device=device)
    others = draw.classes[~torch.isin(draw.classes, rows)]
    length = priors.square().sum(1).mean()
    residual = priors.new_zeros(len(new), priors.shape[1]).requires_grad_()
    rate = config.rate * float(length / priors.shape[1]) ** 0.5
    descent = Descent([residual], rate, config.steps)
    for step in range(1, config.steps + 1):
        y = _drawn(others, rows, config, generator)  # (B,)
        z = draw.latents(y)  # (B, L)
        scores = penalised(
            class_scores(z, priors.index_add(0, rows, residual)), is_seen, head.calibration.seen_penalty
        )
        losses = {
            "cross-entropy": F.cross_entropy(scores / head.calibration.temperature, y),
            "pull": config.pull * residual.square().sum(1).mean() / length,
        }
        descent.step(losses)
        if on_step:
            values = {name: loss.item() for name, loss in losses.items()}
            on_step(StepRecord("generate-and-learn", step, config.steps, values))
    return dict(zip(new, residual.detach().cpu().numpy(), strict=True))


def _drawn(others: Tensor, new: Tensor, config: GrowConfig, generator: torch.Generator) -> Tensor:
    """The classes of a batch (B,): uniform over `new` and uniform over `others`."""
    share = max(config.new_share, len(new) / (len(new) + len(others)))
    count = round(config.batch_size * share)
    drawn = [
        classes[torch.randint(len(classes), (size,), generator=generator, device=classes.device)]
        for classes, size in ((new, count), (others, config.batch_size - count))
    ]
    return torch.cat(drawn)
