"""`zsl relabel`: label photos by features that were kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .candidates import Text, decided, table_at
from .console import label_progress
from .options import (
    Attributes,
    JsonProgress,
    MinConfidence,
    SeenPenalty,
    TaxonomyTable,
    TopK,
    Weights,
    ZslOnly,
)


def relabel(
    features: Annotated[Path, typer.Argument(help="Feature file made by `zsl label --features`.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Label file: .parquet, .csv or .jsonl.")],
    attributes: Attributes = None,
    text: Text = None,
    weights: Weights = "awa2",
    top_k: TopK = 5,
    seen_penalty: SeenPenalty = None,
    zsl_only: ZslOnly = False,
    min_confidence: MinConfidence = 0.0,
    taxonomy: TaxonomyTable = None,
    json_progress: JsonProgress = False,
) -> None:
    """Apply another head or class table to photos whose features were kept; none is opened."""
    from zsl_images.classes.taxonomy import Taxonomy

    table = table_at(attributes)
    groups = Taxonomy.read(taxonomy) if taxonomy else None

    from zsl_images.head.feature_classifier import FeatureClassifier
    from zsl_images.labelling.label import relabel as relabel_features

    classifier = FeatureClassifier.load(weights)
    classifier = decided(classifier, table, text, seen_penalty, zsl_only, min_confidence)
    if groups:
        classifier = classifier.with_taxonomy(groups)
    with label_progress(json_progress, None, can_stop=False) as show:
        result = relabel_features(classifier, features, out, top_k=top_k, on_progress=show)
    typer.echo(f"{out}: {result.done} photos; {result.unlabelled} without a label")
