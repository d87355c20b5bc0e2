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
    from zsl_images.backbones import Backbone, load_backbone
    from zsl_images.checking import check_classes
    from zsl_images.classes import ClassTable
    from zsl_images.classifier import ZeroShotClassifier
    from zsl_images.errors import (
        BackboneError,
        ClassTableError,
        ImageError,
        TextEncoderError,
        WeightsError,
        ZSLError,
    )
    from zsl_images.features import FeatureSet, extract_features
    from zsl_images.labelling import label, relabel
    from zsl_images.learning import evaluate, train
    from zsl_images.results import Candidate, Evaluation, Explanation, Failure, LevelLabel, Prediction
    from zsl_images.rows import ClassRow
    from zsl_images.tables import Finding
    from zsl_images.taxonomy import Taxonomy
    from zsl_images.texts import TextEncoder, load_text_encoder, read_classes
    from zsl_images.updating import adapt, promote

_HOMES = {
    "Backbone": "backbones",
    "BackboneError": "errors",
    "Candidate": "results",
    "ClassRow": "rows",
    "ClassTable": "classes",
    "ClassTableError": "errors",
    "Evaluation": "results",
    "Explanation": "results",
    "Failure": "results",
    "FeatureSet": "features",
    "Finding": "tables",
    "ImageError": "errors",
    "LevelLabel": "results",
    "Prediction": "results",
    "Taxonomy": "taxonomy",
    "TextEncoder": "texts",
    "TextEncoderError": "errors",
    "WeightsError": "errors",
    "ZSLError": "errors",
    "ZeroShotClassifier": "classifier",
    "adapt": "updating",
    "check_classes": "checking",
    "evaluate": "learning",
    "extract_features": "features",
    "label": "labelling",
    "load_backbone": "backbones",
    "load_text_encoder": "texts",
    "promote": "updating",
    "read_classes": "texts",
    "relabel": "labelling",
    "train": "learning",
}

__all__ = [
    "Backbone",
    "BackboneError",
    "Candidate",
    "ClassRow",
    "ClassTable",
    "ClassTableError",
    "Evaluation",
    "Explanation",
    "Failure",
    "FeatureSet",
    "Finding",
    "ImageError",
    "LevelLabel",
    "Prediction",
    "Taxonomy",
    "TextEncoder",
    "TextEncoderError",
    "WeightsError",
    "ZSLError",
    "ZeroShotClassifier",
    "__version__",
    "adapt",
    "check_classes",
    "evaluate",
    "extract_features",
    "label",
    "load_backbone",
    "load_text_encoder",
    "promote",
    "read_classes",
    "relabel",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"zsl_images.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'zsl_images' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
