"""Edits: classes leave a trained head, change their names, and get their first photos.

The encoder, the decoder and the priors of all other classes stay as they are, so nothing is forgotten.
A promoted class gets a residual on its prior:

    class prior of k = mu(a_k) + residual_k.

Letters: N photos, K classes, D feature, L latent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import ClassTableError, DataError, listed
from zsl_images.head.head import Head
from zsl_images.model.formulas import EvidenceFormula
from zsl_images.model.latent_space import space_of
from zsl_images.names import in_both

PHOTOS_OF_PRIOR = 3.0
"""n₀: number of photos that a class's attributes are worth when it is promoted; chosen on folds."""


def remove_classes(head: Head, names: Sequence[str]) -> Head:
    """Take classes out of a head's table.

    Raises:
        ClassTableError: A name is not in the table, or no class would be left.
    """
    names = [names] if isinstance(names, str) else list(names)
    head.table.select(names)
    kept = [name for name in head.table.names if name not in set(names)]
    if not kept:
        raise ClassTableError("no class would be left in the head; keep one or more")
    return head.with_table(head.table.select(kept))


def rename_classes(head: Head, names: Mapping[str, str]) -> Head:
    """Give classes other names; everything else stays.

    Args:
        head: A head.
        names: Old name → new name.

    Raises:
        ClassTableError: An old name is not in the table, or a new name is blank or already taken.
    """
    if not isinstance(names, Mapping):
        raise ClassTableError(f"{names!r}, expected old and new names, such as {{'lion': 'big cat'}}")
    head.table.select(list(names))
    others = [name for name in head.table.names if name not in names]
    if both := in_both(names.values(), others):
        raise ClassTableError(f"the head has these classes already: {listed(both)}; choose other names")
    renamed = {name: names.get(name, name) for name in head.table.names}
    return head.with_table(head.table.renamed(names), renamed)


def promote_classes(
    head: Head,
    features: npt.NDArray[np.float32],
    labels: Sequence[str],
    photos_of_prior: float = PHOTOS_OF_PRIOR,
    *,
    new: bool = False,
) -> Head:
    """Make unseen classes seen with a few photos of each.

        residual_k = n / (n + n₀) · (mean latent of the n photos - mu(a_k)),    on the sphere

    See `drawn_to_photos`. n₀ is larger by what a row is worth, for classes that the backbone knows. A
    class that has no attributes, such as *empty* for frames without an animal, lies where its photos
    are (n₀ = 0); in the table it gets the mean of all classes' attributes.

    Args:
        head: A trained head.
        features: Features (N, D) as the backbone gives them.
        labels: Unseen class of the head for each feature, (N,).
        photos_of_prior: n₀ of classes that are known by attributes alone.
        new: Whether labels that are no class of the head become classes without attributes.

    Raises:
        ClassTableError: A class is not in the head, and `new` is not set.
        DataError: There is no photo, or a class is already seen.
    """
    names = list(dict.fromkeys(labels))
    if not names:
        raise DataError("no photos of a class to promote; expected at least one photo per class")
    have_none = [name for name in names if new and name not in head.table.names]
    head = replace(head, table=_with_mean_rows(head.table, have_none))
    table = head.table.select(names)
    if table.seen_names:
        raise DataError(
            f"the head learned these classes from photos already: {listed(table.seen_names)}; only "
            "unseen classes can be promoted. Train again to learn from more photos of seen ones"
        )
    frozen, memory = head.frozen, head.memory
    rows = np.array([names.index(label) for label in labels])
    latents, priors = frozen.latents(features), head.priors_of(table.attributes)  # (N, L), (K, L)
    means = np.stack([latents[rows == row].mean(axis=0) for row in range(len(names))])  # (K, L)
    photos, space = np.bincount(rows).astype(np.float32), space_of(head.config.radius)
    worth = photos_of_prior + EvidenceFormula.PHOTOS_OF_ROW * np.isin(
        names, list(table.row_names)
    )  # n₀
    worth = np.where([name in have_none for name in names], 0, worth).astype(np.float32)
    places = space.between(priors, means, photos / (photos + worth))  # (K, L)
    residuals = dict(zip(names, places - priors, strict=True))
    if memory is not None:
        scaled = frozen.feature_scaling(features)  # (N, P)
        for row, name in enumerate(names):
            memory = memory.with_class(name, scaled[rows == row].mean(axis=0))
    seen = head.table.with_seen({*head.table.seen_names, *names})
    return replace(head, table=seen, residuals={**head.residuals, **residuals}, memory=memory)


def _with_mean_rows(table: ClassTable, names: Sequence[str]) -> ClassTable:
    """The table with classes of which no attribute is known; they get the mean of all classes."""
    if not names:
        return table
    rows = np.repeat(table.attributes.mean(axis=0, keepdims=True), len(names), axis=0)
    columns = table.attribute_names
    return table.joined(ClassTable(tuple(names), columns, rows, text=table.text))
