"""The classes that a command is given: a table of attributes, of descriptions, or both."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from zsl_images.classes import ClassTable
    from zsl_images.classifier import ZeroShotClassifier

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
    from zsl_images.texts import load_text_encoder, read_classes

    if attributes is None and text is None:
        raise typer.BadParameter("give --attributes, --text, or both", param_hint="--attributes")
    return read_classes(attributes, text, lambda: load_text_encoder(text_encoder))


def with_candidates(
    classifier: ZeroShotClassifier, table: ClassTable | None, text: Path | None
) -> ZeroShotClassifier:
    """The classifier with the classes that were given, their descriptions read as the head's were."""
    if text is not None:
        classifier = classifier.with_descriptions(text, table)
    elif table is not None:
        classifier = classifier.with_classes(table)
    return classifier
