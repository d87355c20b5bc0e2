"""Growing: classes come to a trained head, go, change their names, and get their first photos.

The encoder, the decoder and the priors of all other classes stay as they are, so that nothing learned
is forgotten: a class that is added or promoted gets a residual of its own on its prior,

    class prior of k = mu(a_k) + residual_k.

Letters: N photos, K classes, D feature, L latent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from zsl_images.errors import ClassTableError, DataError, listed
from zsl_images.head.head import Head
from zsl_images.model.scalings import on_sphere

PHOTOS_OF_PRIOR = 3.0
"""n₀: how many photos the attributes of a class count as when it gets its first; chosen on folds."""


def remove_classes(head: Head, names: Sequence[str]) -> Head:
    """Take classes out of a head's table.

    Raises:
        ClassTableError: a name is not in the table, or none would be left.
    """
    head.table.select(names)
    kept = [name for name in head.table.names if name not in set(names)]
    if not kept:
        raise ClassTableError("no class would be left in the head; keep one or more")
    return head.with_table(head.table.select(kept))


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
    return head.with_table(replace(head.table, names=tuple(renamed.values())), renamed)


def promote_classes(
    head: Head,
    features: npt.NDArray[np.float32],
    labels: Sequence[str],
    photos_of_prior: float = PHOTOS_OF_PRIOR,
) -> Head:
    """Make unseen classes seen with a few photos of each.

        residual_k = n / (n + n₀) · (mean latent of the photos, on the sphere - mu(a_k))

    with n photos, which is the mean of a Gaussian whose prior counts as n₀ photos.

    Args:
        head: a trained head.
        features: (N, D) as the backbone gives them.
        labels: (N,) an unseen class of the head each.
        photos_of_prior: n₀.

    Raises:
        ClassTableError: a class is not in the head.
        DataError: no photo, or a class is seen already.
    """
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
        share = len(mine) / (len(mine) + photos_of_prior)
        mean = on_sphere(mine.mean(0), model.config.radius)
        place = on_sphere(prior + share * (mean - prior), model.config.radius)
        residuals[name] = (place - prior).numpy()
        if memory is not None:
            memory = memory.with_class(name, model.decoder(place[None])[0])
    seen = head.table.with_seen({*head.table.seen_names, *names})
    return replace(head, table=seen, residuals=residuals, memory=memory)
