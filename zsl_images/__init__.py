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
    from zsl_images.classes import ClassTable
    from zsl_images.classifier import ZeroShotClassifier
    from zsl_images.errors import (
        BackboneError,
        ClassTableError,
        ImageError,
        WeightsError,
        ZSLError,
    )
    from zsl_images.features import FeatureSet, extract_features
    from zsl_images.learning import evaluate, train
    from zsl_images.results import Candidate, Evaluation, Failure, Prediction
    from zsl_images.updating import adapt, promote

_HOMES = {
    "Backbone": "backbones",
    "BackboneError": "errors",
    "Candidate": "results",
    "ClassTable": "classes",
    "ClassTableError": "errors",
    "Evaluation": "results",
    "Failure": "results",
    "FeatureSet": "features",
    "ImageError": "errors",
    "Prediction": "results",
    "WeightsError": "errors",
    "ZSLError": "errors",
    "ZeroShotClassifier": "classifier",
    "adapt": "updating",
    "evaluate": "learning",
    "extract_features": "features",
    "load_backbone": "backbones",
    "promote": "updating",
    "train": "learning",
}

__all__ = [
    "Backbone",
    "BackboneError",
    "Candidate",
    "ClassTable",
    "ClassTableError",
    "Evaluation",
    "Failure",
    "FeatureSet",
    "ImageError",
    "Prediction",
    "WeightsError",
    "ZSLError",
    "ZeroShotClassifier",
    "__version__",
    "adapt",
    "evaluate",
    "extract_features",
    "load_backbone",
    "promote",
    "train",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"zsl_images.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'zsl_images' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
