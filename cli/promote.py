"""`zsl classes promote`: turn unseen classes into seen ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zsl_images.errors import counted

from .console import echo, finish, progress
from .decision_options import Candidates
from .option_groups import Only
from .options import (
    FeatureCache,
    HeadOut,
)
from .rescue import save_somewhere

if TYPE_CHECKING:
    pass


def promote(
    photos: Annotated[
        Path, typer.Argument(help="Folder with one folder of photos per unseen class to promote.")
    ],
    out: HeadOut,
    candidates: Annotated[Candidates, Only("head", "backbone_weights", "device")],
    new: Annotated[
        bool,
        typer.Option(
            "--new",
            help="Let folders that the head has no class for become classes without attributes, such "
            "as 'empty' for frames without an animal.",
        ),
    ] = False,
    cache: FeatureCache = None,
) -> None:
    """Turn unseen classes into seen ones, with a few photos of each."""
    from zsl_images.files import check_writable
    from zsl_images.learning.promote import promote as promote_classes

    check_writable(out)
    classifier = candidates.classifier()
    before = len(classifier.table.seen_names)
    with progress() as show:
        result = promote_classes(classifier, photos, new=new, cache=cache, on_step=show)
    save_somewhere(result.classifier.save, out)
    after = len(result.classifier.table.seen_names)
    echo(f"{out}: {counted(after - before, 'class')} promoted, {after} seen in all")
    finish(result.failures)
