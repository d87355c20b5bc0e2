"""`zsl calibrate`: fit what labels claim to labelled photos of a new camera."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zsl_images.errors import counted

from .console import echo, finish, progress
from .decision_options import Candidates
from .option_groups import Only
from .options import FeatureCache, HeadOut


def calibrate(
    photos: Annotated[
        Path,
        typer.Argument(help="Folder with one folder of photos per class; the head learned from none."),
    ],
    out: HeadOut,
    candidates: Annotated[
        Candidates, Only("attributes", "head", "seen_penalty", "backbone_weights", "device")
    ],
    cache: FeatureCache = None,
) -> None:
    """Fit probabilities, unknown scores and label sets to your own photos.

    What a label claims holds for photos like those that it was measured on. Do
    this for a new camera, and after classes or seen penalty have changed. It
    takes 20 labelled photos or more; sets of labels (--coverage 0.9) take a
    hundred, and several hundred to be right within 3 points.
    """
    from zsl_images.files import check_writable
    from zsl_images.learning.calibrate import calibrate as calibrate_to_photos

    check_writable(out)
    classifier = candidates.classifier()
    with progress() as show:
        result = calibrate_to_photos(classifier, photos, cache=cache, on_step=show)
    result.classifier.save(out)
    echo(f"{out}: calibrated to {counted(result.photos, 'photo')}")
    typer.echo(f"  likeliest class right {result.accuracy:6.1%}")
    for what, (before, after) in (("mean confidence", result.confidence), ("unknown", result.unknown)):
        typer.echo(f"  {what:<22}{before:6.1%} before, {after:.1%} after")
    finish(result.failures)
