"""Label images whose classes have no training photo, from tables of attributes.

    from zsl_images import ClassTable, ZeroShotClassifier

    classifier = ZeroShotClassifier.load()
    print(classifier.predict("photo.jpg")[0].label)

Names are loaded when they are first used, so that importing the package costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zsl_images.version import __version__

if TYPE_CHECKING:
    from zsl_images.classes.class_rows import ClassRow
    from zsl_images.classes.class_table import ClassTable
    from zsl_images.classes.descriptions import TextEncoder, load_text_encoder, read_classes
    from zsl_images.classes.findings import Finding
    from zsl_images.classes.taxonomy import Taxonomy
    from zsl_images.classifier import ZeroShotClassifier
    from zsl_images.errors import (
        BackboneError,
        ClassTableError,
        DataError,
        HeadError,
        ImageError,
        OutputError,
        TextEncoderError,
        WeightsError,
        ZSLError,
    )
    from zsl_images.evaluation.evaluate import evaluate
    from zsl_images.evaluation.figures import Evaluation
    from zsl_images.features.backbones import Backbone, load_backbone
    from zsl_images.features.extraction import FeatureSet, extract_features
    from zsl_images.features.manifests import write_manifest
    from zsl_images.head.class_checks import check_classes
    from zsl_images.labelling.correct import correct
    from zsl_images.labelling.export_options import Outputs
    from zsl_images.labelling.label import label
    from zsl_images.labelling.merge import merge
    from zsl_images.labelling.relabel import relabel
    from zsl_images.learning.adapt import adapt
    from zsl_images.learning.calibrate import calibrate
    from zsl_images.learning.promote import promote
    from zsl_images.learning.train import train
    from zsl_images.results import Candidate, Explanation, Failure, LevelLabel, Prediction

_HOMES = {
    "Backbone": "features.backbones",
    "BackboneError": "errors",
    "Candidate": "results",
    "ClassRow": "classes.class_rows",
    "ClassTable": "classes.class_table",
    "ClassTableError": "errors",
    "DataError": "errors",
    "Evaluation": "evaluation.figures",
    "Explanation": "results",
    "Failure": "results",
    "FeatureSet": "features.extraction",
    "Finding": "classes.findings",
    "HeadError": "errors",
    "ImageError": "errors",
    "LevelLabel": "results",
    "OutputError": "errors",
    "Outputs": "labelling.export_options",
    "Prediction": "results",
    "Taxonomy": "classes.taxonomy",
    "TextEncoder": "classes.descriptions",
    "TextEncoderError": "errors",
    "WeightsError": "errors",
    "ZSLError": "errors",
    "ZeroShotClassifier": "classifier",
    "adapt": "learning.adapt",
    "calibrate": "learning.calibrate",
    "check_classes": "head.class_checks",
    "correct": "labelling.correct",
    "evaluate": "evaluation.evaluate",
    "extract_features": "features.extraction",
    "label": "labelling.label",
    "load_backbone": "features.backbones",
    "load_text_encoder": "classes.descriptions",
    "merge": "labelling.merge",
    "promote": "learning.promote",
    "read_classes": "classes.descriptions",
    "relabel": "labelling.relabel",
    "train": "learning.train",
    "write_manifest": "features.manifests",
}

__all__ = [
    "Backbone",
    "BackboneError",
    "Candidate",
    "ClassRow",
    "ClassTable",
    "ClassTableError",
    "DataError",
    "Evaluation",
    "Explanation",
    "Failure",
    "FeatureSet",
    "Finding",
    "HeadError",
    "ImageError",
    "LevelLabel",
    "OutputError",
    "Outputs",
    "Prediction",
    "Taxonomy",
    "TextEncoder",
    "TextEncoderError",
    "WeightsError",
    "ZSLError",
    "ZeroShotClassifier",
    "__version__",
    "adapt",
    "calibrate",
    "check_classes",
    "correct",
    "evaluate",
    "extract_features",
    "label",
    "load_backbone",
    "load_text_encoder",
    "merge",
    "promote",
    "read_classes",
    "relabel",
    "train",
    "write_manifest",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"zsl_images.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'zsl_images' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
