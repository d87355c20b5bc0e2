"""`zsl classes add`: give a head unseen classes, described by their attributes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zsl_images.errors import counted

from .console import echo, finish, progress
from .decision_options import Candidates
from .option_groups import Only, changed, refuse
from .options import FeatureCache, HeadOut, table_argument
from .rescue import save_somewhere

if TYPE_CHECKING:
    from zsl_images.results import Failure


def add(
    table: Annotated[Path, table_argument(help="Class table (CSV, TSV or Excel) of the new classes.")],
    out: HeadOut,
    candidates: Annotated[Candidates, Only("head", "backbone_weights", "device")],
    learn: Annotated[
        bool,
        typer.Option("--learn", help="Generate features of the new classes and learn from them."),
    ] = False,
    photos: Annotated[
        Path | None,
        typer.Option(
            help="With --learn: folder with one folder of photos per known class. Default: features "
            "of the known classes are generated from what the head remembers."
        ),
    ] = None,
    cache: FeatureCache = None,
    seed: Annotated[int, typer.Option(help="Random seed of the generated features.")] = 0,
) -> None:
    """Add unseen classes to a head, from their attributes alone.

    By default, the prior network places the new classes in latent space.
    With --learn, the head also generates features of them and learns how far
    each of them may reach. The classes it already has stay as they are.
    """
    if not learn:
        refuse("without --learn", photos=bool(photos), cache=bool(cache), seed=seed != 0)
    if not photos:
        refuse("without --photos", cache=bool(cache), **changed(candidates, but=("head",)))
    from zsl_images.classes.class_table import ClassTable
    from zsl_images.files import check_writable
    from zsl_images.head.add_classes import add_classes
    from zsl_images.head.head_file import load_head, save_head

    check_writable(out)
    new, known = ClassTable.read(table), None
    failures: tuple[Failure, ...] = ()
    with progress() as show:
        if photos:
            from zsl_images.features.extraction import labelled_features

            classifier = candidates.classifier()
            found, names = labelled_features(
                photos, classifier.table.names, classifier.backbone, cache, show
            )
            head, known, failures = classifier.head, (found.features, names), found.failures
        else:
            head = load_head(candidates.head)
        head = add_classes(head, new, learn=learn, known=known, seed=seed, on_step=show)
    save_somewhere(lambda path: save_head(head, path), out)
    echo(f"{out}: {counted(len(new), 'class')} added, {len(head.table)} in all")
    finish(failures)
