"""`zsl correct`: teach a head with labels that people have corrected."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zsl_images.errors import counted

from .console import echo, finish, progress
from .decision_options import Candidates
from .option_groups import Only
from .options import FeatureCache, HeadOut


def correct(
    labels: Annotated[
        Path,
        typer.Argument(
            help="Labels by people: a label file with a column correct_label, corrections.csv of the "
            "page, a JSON export of Label Studio, or a folder of photos per label."
        ),
    ],
    out: HeadOut,
    candidates: Annotated[Candidates, Only("head", "backbone_weights", "device")],
    new: Annotated[
        bool,
        typer.Option(
            "--new", help="Let labels that the head has no class for become classes without attributes."
        ),
    ] = False,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    cache: FeatureCache = None,
) -> None:
    """Make a head learn from corrected labels, of seen and of unseen classes.

    It learns from these photos and from what it remembers of its own, so that
    it does not forget the others. In a folder of sorted photos, those count
    that the head would have sorted elsewhere.
    """
    from zsl_images.files import check_writable
    from zsl_images.labelling.correct import correct as correct_head

    check_writable(out)
    classifier = candidates.classifier()
    with progress() as show:
        result = correct_head(classifier, labels, new=new, seed=seed, cache=cache, on_step=show)
    result.classifier.save(out)
    echo(
        f"{out}: learned from {counted(result.photos, 'photo')} with labels by people; "
        f"{result.wrong} had another label before, {result.still_wrong} have one now"
    )
    finish(result.failures)
