"""The labeller behind the API: photos become features once, and features become labels many times."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import numpy.typing as npt

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError, ImageError
from zsl_images.features.extraction import stream_features
from zsl_images.features.photo_sizes import pixels_of
from zsl_images.results import Failure, Prediction
from zsl_images.web.edits import edited
from zsl_images.web.limits import MEGABYTE, Limits
from zsl_images.web.schemas import Edits


class Upload(NamedTuple):
    """A photo as it arrived: its name and its open file."""

    name: str
    file: BinaryIO


class _Kept(NamedTuple):
    name: str
    feature: npt.NDArray[np.float16]


class Labeller:
    """Labels photos, and remembers their features by id; the oldest are forgotten first.

    Args:
        classifier: Labels the photos; its candidates are those of every request.
        limits: Bounds on photos and classes.
    """

    def __init__(self, classifier: ZeroShotClassifier, limits: Limits) -> None:
        self.classifier, self._limits = classifier, limits
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = Lock()

    def predict(self, uploads: Sequence[Upload], top_k: int, explain: bool) -> list[dict[str, Any]]:
        """Label new photos; each is kept under an id of its own.

        Returns:
            The fields of `schemas.PhotoResult`, one per photo; an unreadable photo has an error.
        """
        backbone, reasons = self.classifier.backbone, list(map(self._refusal, uploads))
        good = [one.file for one, reason in zip(uploads, reasons, strict=True) if reason is None]
        found = iter([f for _, features in stream_features(good, backbone) for f in features])
        rows: list[str | Failure] = []
        for upload, reason in zip(uploads, reasons, strict=True):
            feature = ImageError(reason) if reason else next(found)
            if isinstance(feature, ImageError):
                text = str(feature).removeprefix("the image: ")
                rows.append(Failure(upload.name, f"{upload.name}: {text}"))
            else:
                rows.append(self._keep(upload.name, feature))
        labelled = iter(
            self.rank([row for row in rows if isinstance(row, str)], Edits(), top_k, explain)
        )
        return [_fields(None, row) if isinstance(row, Failure) else next(labelled) for row in rows]

    def rank(self, ids: Sequence[str], edits: Edits, top_k: int, explain: bool) -> list[dict[str, Any]]:
        """Label photos that are kept, with an edited class table.

        Raises:
            DataError: A photo is not kept, or no more.
            ClassTableError: An edit cannot be used.
        """
        classifier = self.edited(edits)
        with self._lock:
            kept = [self._kept.get(id) for id in ids]
        if None in kept:
            raise DataError("a photo is no longer kept; send it again")
        rows = [row for row in kept if row is not None]
        if not rows:
            return []
        features = np.stack([row.feature for row in rows]).astype(np.float32)
        classifier = classifier.with_explanations() if explain else classifier
        decisions = classifier.label_features(features, top_k)
        return [
            _fields(id, replace(prediction, path=row.name))
            for id, row, prediction in zip(ids, rows, decisions.predictions(), strict=True)
        ]

    def edited(self, edits: Edits) -> ZeroShotClassifier:
        """The classifier with an edited class table; see `edits.edited`.

        Raises:
            ClassTableError: An edit cannot be used.
        """
        return edited(self.classifier, edits, self._limits)

    def _keep(self, name: str, feature: npt.NDArray[np.float16]) -> str:
        id = secrets.token_urlsafe(12)
        with self._lock:
            self._kept[id] = _Kept(name, feature)
            while len(self._kept) > self._limits.photos:
                self._kept.popitem(last=False)
        return id

    def _refusal(self, upload: Upload) -> str | None:
        """Why a photo is not decoded; None if it may be."""
        pixels = pixels_of(upload.file, upload.name)
        if pixels is None or pixels <= self._limits.pixels:
            return None  # what cannot be opened is reported when it is decoded
        return (
            f"{pixels / MEGABYTE:.0f} megapixels, expected at most "
            f"{self._limits.pixels // MEGABYTE}; make it smaller"
        )


def _fields(id: str | None, result: Prediction | Failure) -> dict[str, Any]:
    """The fields of `schemas.PhotoResult`."""
    about = {"id": id, "is_unknown": False, "rival": None}
    if isinstance(result, Prediction):
        about |= {"is_unknown": result.is_unknown, "rival": result.rival}
    return result.to_dict() | about
