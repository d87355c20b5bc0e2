"""Growing: classes come to a trained head, go, change their names, and get their first photos.

The encoder, the decoder and the priors of all other classes stay as they are, so that nothing learned
is forgotten: a class that is added or promoted gets a residual of its own on its prior,

    class prior of k = mu(a_k) + residual_k.

Letters: N photos, K classes, D feature, L latent.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from zsl_images.checkpoint import Head
from zsl_images.classes import ClassTable, another_scale, listed
from zsl_images.errors import ClassTableError, ClassTableWarning, DataError
from zsl_images.networks import on_sphere
from zsl_images.residuals import GrowConfig, learned_residuals
from zsl_images.results import StepRecord


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
        head: a trained head.
        table: the new classes; attributes are matched to the head's by name.
        learn: generate-and-learn on the spot, see `learned_residuals`; else the prior network alone
            says where they lie.
        known: features (N, D) of classes of the head, and each row's class. Default: they are
            generated from what the head remembers.
        seed: of what is generated.
        config: how they are learned.
        on_step: told of each step.

    Returns:
        A head whose table has the new classes below its own.

    Raises:
        ClassTableError: a class is in the head already, or an attribute is lacking.
        DataError: the head remembers nothing to generate from, or `known` has a class it has not.

    Warns:
        ClassTableWarning: the attributes seem to be on another scale.
    """
    head = _with_table(head, head.table, {name: name for name in head.table.names})
    table = table.aligned_to(head.table.attribute_names)
    warn_of_scale(head.table, table)
    both = [name for name in table.names if name in head.table.names]
    if both:
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


def remove_classes(head: Head, names: Sequence[str]) -> Head:
    """Take classes out of a head's table.

    Raises:
        ClassTableError: a name is not in the table, or none would be left.
    """
    head.table.select(names)
    kept = [name for name in head.table.names if name not in set(names)]
    if not kept:
        raise ClassTableError("no class would be left in the head; keep one or more")
    return _with_table(head, head.table.select(kept), {name: name for name in kept})


def rename_classes(head: Head, names: Mapping[str, str]) -> Head:
    """Give classes other names; all else stays.

    Args:
        head: a head.
        names: old name → new name.

    Raises:
        ClassTableError: an old name is not in the table, or a new one is blank or stands there already.
    """
    head.table.select(list(names))
    renamed = {name: names.get(name, name) for name in head.table.names}
    return _with_table(head, replace(head.table, names=tuple(renamed.values())), renamed)


def promote_classes(
    head: Head,
    features: npt.NDArray[np.float32],
    labels: Sequence[str],
    config: GrowConfig | None = None,
) -> Head:
    """Make unseen classes seen with a few photos of each.

        residual_k = n / (n + n₀) · (mean latent of the photos, on the sphere - mu(a_k))

    with n photos, which is the mean of a Gaussian whose prior counts as n₀ photos.

    Args:
        head: a trained head.
        features: (N, D) as the backbone gives them.
        labels: (N,) an unseen class of the head each.
        config: n₀.

    Raises:
        ClassTableError: a class is not in the head.
        DataError: no photo, or a class is seen already.
    """
    config = config or GrowConfig()
    names = list(dict.fromkeys(labels))
    if not names:
        raise DataError("no photo of a class to promote; expected one or more of each")
    table = head.table.select(names)
    if table.seen_names:
        raise DataError(
            f"the head learned these classes from photos already: {listed(table.seen_names)}; only "
            "unseen classes can be promoted. Train again to learn from more photos of seen ones"
        )
    model, memory, of_row = head.model, head.memory, np.array(labels)
    priors = model.class_priors(torch.tensor(table.attributes))  # (K, L)
    latents = model.latents(torch.tensor(features))
    residuals = dict(head.residuals)
    for name, prior in zip(names, priors, strict=True):
        mine = latents[torch.from_numpy(of_row == name)]
        share = len(mine) / (len(mine) + config.photos_of_prior)
        mean = on_sphere(mine.mean(0), model.config.radius)
        place = on_sphere(prior + share * (mean - prior), model.config.radius)
        residuals[name] = (place - prior).numpy()
        if memory is not None:
            memory = memory.with_class(name, model.decoder(place[None])[0])
    seen = head.table.with_seen({*head.table.seen_names, *names})
    return replace(head, table=seen, residuals=residuals, memory=memory)


def warn_of_scale(mine: ClassTable, given: ClassTable) -> None:
    """Warn where attributes seem to be on another scale than the head's table.

    Warns:
        ClassTableWarning: their largest values are a factor of ten or more apart.
    """
    if message := another_scale(given.attributes, mine.attributes):
        warnings.warn(message, ClassTableWarning, stacklevel=3)


def _with_table(head: Head, table: ClassTable, renamed: Mapping[str, str]) -> Head:
    """The head with another table, its classes (old name → name there) keeping what belongs to them.

    What the head has of classes that are in no table any more is let go.
    """
    memory = head.memory
    if memory is not None:
        seen = set(table.seen_names)
        memory = memory.select([name for name in memory.names if renamed.get(name) in seen])
        memory = memory.renamed([renamed[name] for name in memory.names])
    residuals = {renamed[n]: value for n, value in head.residuals.items() if n in renamed}
    return replace(head, table=table, residuals=residuals, memory=memory)
