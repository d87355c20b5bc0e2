"""`zsl label`: label folders of photos into a file."""

from __future__ import annotations

import glob
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

from .candidates import Text, decided, table_at
from .console import FINISHED_WITH_FAILURES, INTERRUPTED, label_progress
from .options import (
    Attributes,
    BackboneWeights,
    BatchSize,
    Device,
    EngineName,
    EngineOption,
    JsonProgress,
    MinConfidence,
    SeenPenalty,
    TaxonomyTable,
    TopK,
    Weights,
    ZslOnly,
    with_stdin,
)


def label(
    photos: Annotated[
        list[str],
        typer.Argument(
            metavar="PHOTO...", help="Folders, files, globs, manifests (.txt, .parquet), - for stdin."
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="Label file: .parquet, .csv or .jsonl.")],
    attributes: Attributes = None,
    text: Text = None,
    weights: Weights = "awa2",
    top_k: TopK = 5,
    seen_penalty: SeenPenalty = None,
    zsl_only: ZslOnly = False,
    min_confidence: MinConfidence = 0.0,
    taxonomy: TaxonomyTable = None,
    features: Annotated[
        Path | None,
        typer.Option(
            help="Feature file (.parquet): kept for `zsl relabel`, and used where it is there."
        ),
    ] = None,
    move: Annotated[
        Path | None, typer.Option(help="Move the photos into this folder, into one a label.")
    ] = None,
    copy: Annotated[Path | None, typer.Option(help="Copy them instead.")] = None,
    link: Annotated[Path | None, typer.Option(help="Link to them instead.")] = None,
    coco: Annotated[Path | None, typer.Option(help="Write the labels as COCO JSON too.")] = None,
    label_studio: Annotated[
        Path | None, typer.Option(help="Write them as Label Studio tasks with predictions too.")
    ] = None,
    xmp: Annotated[
        bool, typer.Option("--xmp", help="Write a sidecar PHOTO.xmp with the label as keyword.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Stop at the first photo that cannot be read.")
    ] = False,
    prune: Annotated[
        bool, typer.Option("--prune", help="Drop rows of photos that are no longer there.")
    ] = False,
    json_progress: JsonProgress = False,
    batch_size: BatchSize = 32,
    engine: EngineOption = EngineName.AUTO,
    backbone_weights: BackboneWeights = None,
    device: Device = "auto",
) -> None:
    """Label folders of photos into a file; run it again to go on, or to label what is new.

    Photos that have a row already are not opened again unless they changed. A photo that cannot be
    read is a row with its reason, and is tried again once a run has come to its end; exit code 3 says
    that there are some.
    """
    from zsl_images.classes.taxonomy import Taxonomy
    from zsl_images.features.photo_paths import find_images
    from zsl_images.files import check_writable
    from zsl_images.labelling.label_files import check_suffix

    if sum(target is not None for target in (move, copy, link)) > 1:
        raise typer.BadParameter("give one of --move, --copy and --link")
    if move and prune:
        raise typer.BadParameter("--prune would drop the rows of photos that --move took away")
    files = [path.resolve() for path in (out, features, coco, label_studio) if path]
    if len(set(files)) < len(files):
        raise typer.BadParameter("--out, --features, --coco and --label-studio need a file each")
    for folder in filter(None, (move, copy, link)):
        for given in map(_fixed_part, photos):
            if given.is_dir() and folder.resolve().is_relative_to(given.resolve()):
                raise typer.BadParameter(
                    f"{folder} lies in {given}: its photos would be labelled again; choose another"
                )
    check_suffix(out)
    for target in filter(None, (out, features, coco, label_studio)):
        check_writable(target)

    found = find_images(with_stdin(photos))
    first = next(found, None)
    if first is None:
        raise typer.BadParameter(f"no image found in {', '.join(photos)}", param_hint="PHOTO")
    table = table_at(attributes)
    groups = Taxonomy.read(taxonomy) if taxonomy else None

    from zsl_images.classifier import ZeroShotClassifier
    from zsl_images.labelling.exports import sort_photos, write_coco, write_label_studio, write_sidecars
    from zsl_images.labelling.label import label as label_photos

    classifier = decided(
        ZeroShotClassifier.load(
            weights, backbone_weights=backbone_weights, device=device, engine=engine
        ),
        table,
        text,
        seen_penalty,
        zsl_only,
        min_confidence,
    )
    if groups:
        classifier = classifier.with_taxonomy(groups)
    count = None if "-" in photos else lambda: sum(1 for _ in find_images(photos))
    with label_progress(json_progress, count) as show:
        result = label_photos(
            classifier,
            chain([first], found),
            out,
            features=features,
            top_k=top_k,
            batch_size=batch_size,
            is_strict=strict,
            prune=prune,
            on_progress=show,
            should_stop=show.is_interrupted,
        )
        show(result)
    if not result.is_complete:
        typer.echo(f"stopped after {result.done} photos; run the same command to go on", err=True)
        raise typer.Exit(INTERRUPTED)
    typer.echo(
        f"{out}: {result.done} photos, {result.kept} of them labelled before; "
        f"{result.unlabelled} without a label, {result.failures} could not be read"
    )
    if coco:
        write_coco(out, coco)
    if label_studio:
        write_label_studio(out, label_studio)
    if xmp:
        left = write_sidecars(out)
        if left:
            typer.echo(f"{left} sidecars of other programs were left as they are", err=True)
    for how, place in (("move", move), ("copy", copy), ("link", link)):
        if place:
            there, gone = sort_photos(out, place, how)  # type: ignore[arg-type]
            typer.echo(f"{place}: {there} photos" + (f"; {gone} are gone" if gone else ""))
    if result.failures:
        raise typer.Exit(FINISHED_WITH_FAILURES)


def _fixed_part(given: str) -> Path:
    """The folder that a pattern starts from; another path as it is."""
    path = Path(given)
    while glob.has_magic(str(path)):
        path = path.parent
    return path
