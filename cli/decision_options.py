"""The options that choose classes, each set of them one value."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from zsl_images.defaults import AUTO, BALANCED, DEFAULT_HEAD, DEFAULT_TEXT_ENCODER, MAX_UNKNOWN
from zsl_images.errors import counted

from .console import echo
from .option_groups import refuse
from .options import BackboneWeights, Device, EngineOption, HeadName, needs, table_option

if TYPE_CHECKING:
    from zsl_images.classes.class_table import ClassTable
    from zsl_images.classifier import ZeroShotClassifier
    from zsl_images.head.feature_classifier import FeatureClassifier
    from zsl_images.head.head import Head

Classifier = TypeVar("Classifier", bound="FeatureClassifier")

Text = Annotated[
    Path | None,
    typer.Option(
        "--text",
        help="Table (CSV, TSV or Excel) of classes and their descriptions, instead of attributes or "
        f"besides them. Needs {needs('text')}.",
    ),
]


_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}
"""Unit of a time → seconds."""


def seconds_of(text: str) -> float:
    """The seconds in a time such as `10s`, `2m` or `1.5`."""
    number = str(text).rstrip("smh")
    unit = str(text).removeprefix(number)
    if unit not in _SECONDS or not _is_number(number) or float(number) < 0:
        raise typer.BadParameter(f"{text!r}, expected a time such as 10s, 2m or 1h")
    return float(number) * _SECONDS[unit]


@dataclass(frozen=True)
class Candidates:
    """The head that labels photos, its candidate classes, and how its scores are read."""

    attributes: Annotated[
        Path | None,
        table_option(
            "--attributes",
            "-a",
            help="Class table whose classes are the candidates: CSV, TSV, the name of a shipped table, "
            f"or Excel (FILE.xlsx or FILE.xlsx#SHEET), which needs {needs('excel')}. Default: the "
            "head's.",
        ),
    ] = None
    text: Text = None
    head: HeadName = DEFAULT_HEAD
    backbone: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Backbone that reads the photos. If the head is not for this one, a head is made "
            "without photos, from the classes that the backbone knows, and kept in the cache.",
        ),
    ] = None
    seen_penalty: Annotated[
        str | None,
        typer.Option(
            help="Seen penalty γ, subtracted from the scores of seen classes: a number, or "
            f"'{BALANCED}' for the best harmonic mean of seen and unseen accuracy. Default: the head's."
        ),
    ] = None
    unseen_share: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="Share of the photos that show unseen classes, 0 to 1: the seen penalty is chosen so "
            "that as many labels are unseen.",
        ),
    ] = None
    zsl_only: Annotated[
        bool, typer.Option("--zsl-only", help="Take only unseen classes as candidates.")
    ] = False
    min_confidence: Annotated[
        float,
        typer.Option(min=0, max=1, help="Probability below which a photo gets no label, 0 to 1."),
    ] = 0.0
    max_unknown: Annotated[
        float,
        typer.Option(
            min=0,
            max=1,
            help="Share of the photos of known classes that may be called unknown, 0 to 1. A photo "
            "farther from every class than all but this share is unknown: it gets no label and no "
            "group. With 0, none is.",
        ),
    ] = MAX_UNKNOWN
    coverage: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            metavar="SHARE",
            help="Also give a set of labels (label_set) that holds the right one for this share of the "
            "photos, 0 to 1. That holds if photos, classes and seen penalty are like those of "
            "`zsl train` (else: `zsl calibrate`), on average, and for unseen classes only roughly.",
        ),
    ] = None
    burst: Annotated[
        float | None,
        typer.Option(
            parser=seconds_of,
            metavar="TIME",
            help="Answer photos in one folder together that one camera took at most this long apart "
            "(EXIF time), such as 10s or 2m.",
        ),
    ] = None
    taxonomy: Annotated[
        Path | None,
        table_option(
            help="Table (CSV, TSV, Excel or shipped) of the classes' groups, from fine to coarse. The "
            "answer is the finest level that reaches --min-confidence."
        ),
    ] = None
    engine: EngineOption = AUTO
    backbone_weights: BackboneWeights = None
    device: Device = AUTO

    def __post_init__(self) -> None:
        if self.zsl_only:
            refuse(
                "with --zsl-only, which leaves out seen classes",
                seen_penalty=bool(self.seen_penalty),
                unseen_share=self.unseen_share is not None,
            )
        if self.unseen_share is not None:
            refuse(
                "with --unseen-share, which chooses the seen penalty",
                seen_penalty=bool(self.seen_penalty),
            )
        if self.seen_penalty not in (None, BALANCED) and not _is_number(self.seen_penalty):
            raise typer.BadParameter(
                f"{self.seen_penalty!r}, expected a number or '{BALANCED}'", param_hint="--seen-penalty"
            )

    def classifier(self) -> ZeroShotClassifier:
        """A classifier of photos with these candidates and settings.

        The tables are read first, so that an error in them is reported before anything slow begins.
        """

        def load(table: ClassTable | None) -> ZeroShotClassifier:
            from zsl_images.classifier import ZeroShotClassifier

            return ZeroShotClassifier.load(
                self._fitting_head(table) if self.backbone or table else self.head,
                backbone_weights=self.backbone_weights,
                device=self.device,
                engine=str(self.engine),
            )

        return self._decided(load)

    def feature_classifier(self) -> FeatureClassifier:
        """A classifier of features with these candidates and settings."""

        def load(table: ClassTable | None) -> FeatureClassifier:
            from zsl_images.head.feature_classifier import FeatureClassifier

            return FeatureClassifier.load(self.head)

        return self._decided(load)

    def _decided(self, load: Callable[[ClassTable | None], Classifier]) -> Classifier:
        """The loaded classifier with these candidates and settings.

        Descriptions are read by the text encoder that the head was trained with.
        """
        from zsl_images.classes.class_table import ClassTable
        from zsl_images.classes.taxonomy import Taxonomy

        table = ClassTable.read(self.attributes) if self.attributes else None
        taxonomy = Taxonomy.read(self.taxonomy) if self.taxonomy else None
        classifier = load(table)
        if self.text:
            classifier = classifier.with_descriptions(self.text, table)
        elif table is not None:
            classifier = classifier.with_classes(table)
        if self.unseen_share is None:
            classifier = classifier.with_seen_penalty(self.penalty_of(classifier.head))
        else:
            classifier = classifier.with_unseen_share(self.unseen_share)
        if self.zsl_only:
            classifier = classifier.only_unseen()
        classifier = classifier.with_min_confidence(self.min_confidence)
        classifier = classifier.with_max_unknown(self.max_unknown).with_coverage(self.coverage)
        classifier = classifier.with_burst(self.burst)
        return classifier.with_taxonomy(taxonomy) if taxonomy else classifier

    def _fitting_head(self, table: ClassTable | None) -> str | Path:
        """The head; or one that is made, if it is for another backbone than the one asked for.

        The default head also gives way to one that is made for a table with other attributes (less than
        half of the head's), if a table that ships describes the backbone's own classes by them.
        """
        from zsl_images.head.head_file import load_head

        head = load_head(self.head)
        backbone = self.backbone or head.backbone.name
        own = set(head.table.attribute_names)
        has_other = table is not None and 2 * len(own.intersection(table.attribute_names)) < len(own)
        is_default = self.head == DEFAULT_HEAD
        if head.backbone.name == backbone and not (has_other and is_default):
            return self.head
        refuse(f"with --backbone {backbone}, which this head is not for", head=not is_default)
        from zsl_images.learning.made_heads import made_head, map_for

        if head.backbone.name == backbone and table is not None and map_for(table) is None:
            return self.head
        path, classes = made_head(
            backbone, table or head.table, backbone_weights=self.backbone_weights, device=self.device
        )
        if classes:
            what = "these attributes" if head.backbone.name == backbone else backbone
            echo(
                f"no head for {what}: made one from {counted(classes, 'class')} that {backbone} "
                "knows, no photo used",
                err=True,
            )
        return path

    def penalty_of(self, head: Head) -> float:
        """The seen penalty γ for this head."""
        if self.seen_penalty is None:
            return head.calibration.seen_penalty
        return (
            head.calibration.balanced_seen_penalty
            if self.seen_penalty == BALANCED
            else float(self.seen_penalty)
        )


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


@dataclass(frozen=True)
class TrainingClasses:
    """The classes that a head is trained on, described by attributes, in words, or both."""

    attributes: Annotated[
        Path | None,
        table_option(
            "--attributes",
            "-a",
            help="Class table: CSV, TSV, the name of a shipped table, or Excel (FILE.xlsx or "
            f"FILE.xlsx#SHEET), which needs {needs('excel')}. Classes without a folder of photos are "
            "unseen.",
        ),
    ] = None
    text: Text = None
    text_encoder: Annotated[
        str, typer.Option(help="Text encoder for the descriptions: a sentence-transformers name.")
    ] = DEFAULT_TEXT_ENCODER

    def __post_init__(self) -> None:
        if not self.text:
            if not self.attributes:
                raise typer.BadParameter(
                    "give --attributes, --text, or both", param_hint="--attributes"
                )
            refuse("without --text", text_encoder=self.text_encoder != DEFAULT_TEXT_ENCODER)

    def table(self) -> ClassTable:
        """The class table, with descriptions as numbers."""
        from zsl_images.classes.descriptions import load_text_encoder, read_classes

        return read_classes(self.attributes, self.text, lambda: load_text_encoder(self.text_encoder))
