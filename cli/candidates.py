"""The classes that a command is given: a table of attributes, of descriptions, or both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from .options import penalty_of

if TYPE_CHECKING:
    from zsl_images.classes.class_table import ClassTable
    from zsl_images.head.feature_classifier import FeatureClassifier

ClassAttributes = Annotated[
    Path | None,
    typer.Option("--attributes", "-a", help="Class table; rows without a folder are unseen."),
]
Text = Annotated[
    Path | None,
    typer.Option(
        "--text",
        help="Table of classes and their descriptions (CSV or TSV), in the place of attributes or "
        'beside them. Needs pip install "zsl-images[text]".',
    ),
]
TextEncoderName = Annotated[
    str, typer.Option("--text-encoder", help="What reads descriptions: a sentence-transformers name.")
]


def described_classes(attributes: Path | None, text: Path | None, text_encoder: str) -> ClassTable:
    """The classes to train on."""
    from zsl_images.classes.descriptions import load_text_encoder, read_classes

    if attributes is None and text is None:
        raise typer.BadParameter("give --attributes, --text, or both", param_hint="--attributes")
    return read_classes(attributes, text, lambda: load_text_encoder(text_encoder))


Classifier = TypeVar("Classifier", bound="FeatureClassifier")


def decided(
    classifier: Classifier,
    table: ClassTable | None,
    text: Path | None,
    seen_penalty: str | None,
    zsl_only: bool,
    min_confidence: float,
) -> Classifier:
    """The classifier with the candidates and thresholds that the options ask for.

    Descriptions are read as those were that the head was trained with.
    """
    if text is not None:
        classifier = classifier.with_descriptions(text, table)
    elif table is not None:
        classifier = classifier.with_classes(table)
    classifier = classifier.with_seen_penalty(penalty_of(classifier.head, seen_penalty))
    if zsl_only:
        classifier = classifier.only_unseen()
    return classifier.with_min_confidence(min_confidence)


def table_at(attributes: Path | None) -> ClassTable | None:
    """The class table that `--attributes` names; read before anything slow is begun."""
    from zsl_images.classes.class_table import ClassTable

    return ClassTable.read(attributes) if attributes else None
