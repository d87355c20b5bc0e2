"""Adaptation: a head moves its unseen classes to the unlabelled photos of a folder (transductive).

Each class is a Gaussian around its prior in latent space. Expectation-maximisation fits the priors of
the unseen classes, and every class's share of the folder, to the photos. Each prior is pulled back to
its old place, so classes with few photos hardly move. Seen classes and the encoder do not change.

Letters: N photos, K classes, U unseen classes, L latent, D feature.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError, counted
from zsl_images.head.head import Head
from zsl_images.head.unseen_share import generated_latents
from zsl_images.model.formulas import drawn_to_photos
from zsl_images.model.latent_space import space_of
from zsl_images.model.scoring import class_probabilities, class_scores, penalised

Rows = npt.NDArray[np.float32]


@dataclass(frozen=True)
class AdaptConfig:
    """Settings of adaptation. They were chosen on folds of seen classes treated as unseen.

    Args:
        steps: Number of steps of expectation-maximisation.
        photos_of_prior: n₀, number of photos that a class's prior is worth.
        least_photos: Smallest number of photos that is accepted.
        most_of_one: Largest share of the folder, 0 to 1, that may get the same label.
        least_unseen: Smallest number of photos that must seem to show unseen classes.
        least_ratio: Smallest number of them per photo of a seen class that is likely to be taken for
            an unseen one. On folds with 1, 4 or 16 unseen classes, adapting to a folder that has fewer
            cost more labels of seen classes than it corrected of unseen ones.
        enough: Share of the folder, 0 to 1, that is enough of them in any case.
        least_agreement: Smallest share of the labels, 0 to 1, that must stay the same.
    """

    steps: int = 10
    photos_of_prior: float = 8.0
    least_photos: int = 30
    most_of_one: float = 0.75
    least_unseen: float = 5.0
    least_ratio: float = 4.0
    enough: float = 0.15
    least_agreement: float = 0.25


@dataclass(frozen=True)
class AdaptReport:
    """What adapting changed for the photos it was given.

    Args:
        photos: N.
        agreement: Share of photos whose label stayed, 0 to 1.
        confidence: Mean probability of the label, before and after, 0 to 1.
        unseen: Number of photos labelled as unseen classes, before and after. A gain is a loss of the
            seen classes, right or not.
        counts: (class, photos before, photos after) of each class that is the label of a photo, the
            most frequent after adapting first.
    """

    photos: int
    agreement: float
    confidence: tuple[float, float]
    unseen: tuple[int, int]
    counts: tuple[tuple[str, int, int], ...]


def adapt_head(
    head: Head, features: npt.NDArray[np.float32], config: AdaptConfig | None = None
) -> tuple[Head, AdaptReport]:
    """Move the unseen classes of a head to the photos.

        E: r_nk ∝ share_k · exp( (-‖z_n - p_k‖² - γ·[k is seen]) / temperature )
        M: p_k = prior_k + n_k / (n_k + n₀) · (mean of r_nk z_n - prior_k)
           share_k ∝ n_k + 1,    n_k = Σ_n r_nk

    On a sphere each prior keeps its length, see `drawn_to_photos`. The estimated shares keep classes
    that are rare in the folder, or absent, from being drawn to photos of others.

    Args:
        head: A trained head; its table gives the candidates.
        features: Features (N, D) of unlabelled photos, as the backbone gives them.
        config: Settings. Default: `AdaptConfig()`.

    Returns:
        The head with new residuals, and a report of what they changed.

    Raises:
        DataError: There is no unseen class, the folder is too small or too one-sided or shows hardly
            any unseen class, or most labels would change.
    """
    config = config or AdaptConfig()
    table, latents = head.table, head.frozen.latents(features)  # (N, L)
    first = head.class_priors(table)  # (K, L)
    before = _posterior(head, latents, first)
    _check(before, table, config)
    _check_unseen(before, head, first, config)
    priors = _fitted(head, latents, first, config)  # (K, L)
    after = _posterior(head, latents, priors)
    residuals = dict(zip(table.names, priors - head.priors_of(table.attributes), strict=True))
    report = _report(table, before, after)
    if report.agreement < config.least_agreement:
        raise DataError(
            f"adapting would change {1 - report.agreement:.0%} of the labels, expected at most "
            f"{1 - config.least_agreement:.0%}: the head is too unsure about these photos. Train it "
            "with validation, or leave classes that cannot occur out of the candidates"
        )
    residuals = {name: residuals[name] for name in table.unseen_names}
    return replace(head, residuals={**head.residuals, **residuals}), report


def _fitted(head: Head, latents: Rows, first: Rows, config: AdaptConfig) -> Rows:
    """Class priors (K, L) that fit the photos; those of seen classes stay as in `first`."""
    priors, share = first, np.zeros(len(first), np.float32)
    is_unseen, space = ~head.table.is_seen, space_of(head.config.radius)
    for _ in range(config.steps):
        r = _posterior(head, latents, priors, share)  # (N, K)
        photos = r.sum(0)  # n, (K,)
        share = np.log(photos + 1)
        means = r[:, is_unseen].T @ latents / np.maximum(photos[is_unseen, None], 1e-12)  # (U, L)
        priors = first.copy()
        priors[is_unseen] = drawn_to_photos(
            first[is_unseen], means, photos[is_unseen], config.photos_of_prior, space
        )
    return priors


def _posterior(head: Head, latents: Rows, priors: Rows, log_share: Rows | float = 0.0) -> Rows:
    """r, (N, K): probability of each class for each photo; rows sum to 1."""
    calibration = head.calibration
    scores = penalised(
        class_scores(latents, priors), head.penalised(head.table), calibration.seen_penalty
    )
    posterior: Rows = class_probabilities(scores / calibration.temperature + log_share, 1.0)
    return posterior


def _check(posterior: Rows, table: ClassTable, config: AdaptConfig) -> None:
    """Refuse a folder that the head cannot adapt to, and say what it needs."""
    if table.is_seen.all():
        raise DataError(
            "every class of the head is seen, so there is none to adapt; add unseen classes first"
        )
    photos = len(posterior)
    if photos < config.least_photos:
        raise DataError(
            f"{counted(photos, 'photo')} that can be read, expected {config.least_photos} or more; so "
            "few photos say little about the classes. Give a larger folder"
        )
    label, most = Counter(posterior.argmax(1).tolist()).most_common(1)[0]
    if most > config.most_of_one * photos:
        raise DataError(
            f"{most} of {photos} photos are labelled {table.names[label]!r}, too one-sided; "
            f"expected several classes, none with more than {config.most_of_one:.0%} of the photos"
        )


def _check_unseen(posterior: Rows, head: Head, priors: Rows, config: AdaptConfig) -> None:
    """Refuse a folder whose photos the seen classes explain: unseen ones would take photos from them.

    Of N photos, π N show unseen classes. A share p of them is taken for unseen classes, and a share q
    of the others is so by mistake. Generated photos give p and q, and the folder gives the sum:

        Σ_n Σ_{k unseen} r_nk = N (π p + (1 - π) q)
    """
    is_unseen = ~head.table.is_seen
    photos, found = len(posterior), float(posterior[:, is_unseen].sum())
    least = config.least_unseen
    if head.memory is not None and head.memory.names:
        latents, labels = generated_latents(head)
        taken = _posterior(head, latents, priors)[:, is_unseen].sum(1)  # (B,)
        of_unseen = is_unseen[labels]
        if not of_unseen.all():
            p, q = float(taken[of_unseen].mean()), float(taken[~of_unseen].mean())
            found = photos * max(0.0, (found / photos - q) / max(p - q, 1e-6))
            least = max(least, photos * min(config.enough, config.least_ratio * q))
    if found < least:
        raise DataError(
            f"only about {found:.0f} of {photos} photos seem to show unseen classes, expected "
            f"{np.ceil(least):.0f} or more, or seen classes would lose more photos than unseen ones "
            "gain; give a folder with more photos of unseen classes, or fewer candidates"
        )


def _report(table: ClassTable, before: Rows, after: Rows) -> AdaptReport:
    old, new = before.argmax(1), after.argmax(1)
    count = [np.bincount(labels, minlength=len(table)).tolist() for labels in (old, new)]
    rows = sorted(range(len(table)), key=lambda row: (-count[1][row], -count[0][row], row))
    return AdaptReport(
        photos=len(old),
        agreement=float((old == new).mean()),
        confidence=(float(before.max(axis=1).mean()), float(after.max(axis=1).mean())),
        unseen=(int((~table.is_seen)[old].sum()), int((~table.is_seen)[new].sum())),
        counts=tuple(
            (table.names[row], count[0][row], count[1][row])
            for row in rows
            if count[0][row] or count[1][row]
        ),
    )
