"""The classifier for users: photos in, labels out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, replace
from itertools import count as counted
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from zsl_images.arguments import count
from zsl_images.defaults import AUTO, BATCH_SIZE, DEFAULT_HEAD, TOP_K
from zsl_images.errors import DataError, ImageError
from zsl_images.features.backbones import Backbone, load_backbone, recorded_backbone
from zsl_images.features.decoding import ImageLike, several
from zsl_images.features.extraction import stream_features
from zsl_images.head.decisions import Decider
from zsl_images.head.feature_classifier import FeatureClassifier
from zsl_images.head.head_file import load_head
from zsl_images.hub.repositories import find_head, upload, write_repository
from zsl_images.results import Explanation, Failure, PhotoFacts, Prediction


@dataclass(frozen=True, eq=False, repr=False)
class ZeroShotClassifier(FeatureClassifier):
    """Labels images with the classes of a table, with or without training photos.

    Args:
        backbone: Backbone that the head was trained with.

    Raises:
        HeadError: The head was trained with another backbone.
        ClassTableError: A candidate is not in the taxonomy.
        DataError: A setting is out of its range.
    """

    backbone: Backbone = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.head.backbone.check(self.backbone)

    @classmethod
    def load(
        cls,
        name_or_path: str | os.PathLike[str] = DEFAULT_HEAD,
        *,
        backbone_weights: str | os.PathLike[str] | None = None,
        device: str = AUTO,
        engine: str = AUTO,
    ) -> ZeroShotClassifier:
        """Load a head, shipped (by name) or trained by you (by path), and its backbone.

        Args:
            name_or_path: Name of a shipped head, or path of a head file.
            backbone_weights: Local file or folder, see `load_backbone`.
            device: Device for the backbone, see `load_backbone`.
            engine: Engine that runs the backbone, see `load_backbone`.

        Raises:
            HeadError: The head cannot be read, or was trained with other weights of the backbone.
            BackboneError: The backbone's weights cannot be loaded.
            DataError: The head was trained on a file of features, so it has no backbone.
        """
        head = load_head(name_or_path)
        if not head.backbone.weights_sha256:
            raise DataError(
                f"the head {name_or_path} was trained on a file of features, so it does not know which "
                "backbone makes such features from photos; train a head on photos with `zsl train`"
            )
        if backbone_weights is not None:
            name, settings = head.backbone.name, head.backbone.preprocessing
            backbone = load_backbone(name, backbone_weights, device, engine)
            if backbone.preprocessing != settings and settings.get("library") == "timm":
                options = settings["input_size"][-1], settings.get("pooling")  # of the training
                backbone = load_backbone(name, backbone_weights, device, engine, *options)
        else:
            feature_dim = head.config.feature_dim
            info = asdict(head.backbone)
            backbone = recorded_backbone(**info, feature_dim=feature_dim, device=device, engine=engine)
        return cls.of(head, backbone=backbone)

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write backbone and head as one network for ONNX Runtime or OpenVINO; see `export_head`.

        Raises:
            BackboneError: The engine that runs such files is not installed.
            DataError: The path ends neither in .onnx nor in .xml.
            OutputError: The file cannot be written.
        """
        from zsl_images.head.export import export_head  # wakes torch

        export_head(self, self.backbone, path)

    @classmethod
    def from_pretrained(
        cls, name: str | os.PathLike[str], *, revision: str | None = None, **settings: Any
    ) -> ZeroShotClassifier:
        """Load a head from a model hub, or from a folder on this machine, and its backbone.

        Only safetensors and JSON are read. Nothing is downloaded if ZSL_OFFLINE or HF_HUB_OFFLINE is
        set; a head that was downloaded before is then taken from the hub's cache.

        Args:
            name: `USER/NAME` on the hub; or a folder, which comes first, or another name for `load`.
            revision: Branch, tag or commit on the hub. Default: its main branch.
            **settings: Arguments of `load`.

        Raises:
            HeadError: The head cannot be downloaded or read.
            BackboneError: The backbone's weights cannot be loaded.
        """
        return cls.load(find_head(name, revision), **settings)

    def save_pretrained(self, folder: str | os.PathLike[str], *, licence: str | None = None) -> None:
        """Write the head and a model card into a folder, for `from_pretrained`.

        Args:
            folder: Folder to write into; its earlier head and card are replaced.
            licence: Identifier of the weights' licence for the card, such as `apache-2.0`.

        Raises:
            OutputError: They cannot be written.
        """
        write_repository(self.own_head(), folder, licence=licence)

    def push_to_hub(
        self,
        repository: str,
        *,
        private: bool = False,
        licence: str | None = None,
        message: str | None = None,
    ) -> str:
        """Upload the head and a model card to a model hub, for `from_pretrained`.

        An earlier head and card there are replaced. Log in first with `hf auth login`.

        Args:
            repository: `USER/NAME`; it is made if it does not exist.
            private: Whether a new repository is private.
            licence: Identifier of the weights' licence for the card, such as `apache-2.0`.
            message: Message of the commit.

        Returns:
            Address of the commit.

        Raises:
            OutputError: The upload is switched off, refused, or fails.
        """
        return upload(self.own_head(), repository, is_private=private, licence=licence, message=message)

    def explain(self, image: ImageLike) -> Explanation:
        """Why an image gets its label, and not the next one.

        Raises:
            ImageError: The image cannot be read.
        """
        (prediction,) = self.with_explanations().predict(image, top_k=1)
        return cast(Explanation, prediction.explanation)

    def predict(self, images: ImageLike | Iterable[ImageLike], top_k: int = TOP_K) -> list[Prediction]:
        """Label images; one image counts as a list of one.

        Args:
            images: Paths, bytes, open files, PIL images or arrays (see `features.photos.to_rgb`).
            top_k: Number of candidates per prediction; at most all classes.

        Raises:
            ImageError: An image cannot be read; `stream` goes on instead.
            DataError: `top_k` is less than 1.
        """
        predictions = []
        for result in self.stream(images, top_k):
            if isinstance(result, Failure):
                raise ImageError(result.reason)
            predictions.append(result)
        return predictions

    def predict_proba(self, images: ImageLike | Iterable[ImageLike]) -> npt.NDArray[np.float32]:
        """Probabilities of all candidates.

        Args:
            images: N images, see `predict`.

        Returns:
            (N, K), in the order of `classes`; each row sums to 1.

        Raises:
            ImageError: An image cannot be read.
        """
        row_of = {name: row for row, name in enumerate(self.classes)}
        predictions = self.predict(images, top_k=len(row_of))
        probabilities = np.zeros((len(predictions), len(row_of)), np.float32)
        for photo, prediction in enumerate(predictions):
            for candidate in prediction.top:
                probabilities[photo, row_of[candidate.label]] = candidate.probability
        return probabilities

    def stream(
        self,
        images: ImageLike | Iterable[ImageLike],
        top_k: int = TOP_K,
        batch_size: int = BATCH_SIZE,
    ) -> Iterator[Prediction | Failure]:
        """Label any number of images in constant memory, in their order.

        An image that cannot be read becomes a `Failure` in its place.

        Raises:
            DataError: `top_k` or `batch_size` is less than 1.
            ImageError: `images` are no images at all.
        """
        decide, batch_size = self.decider(top_k), count("batch_size", batch_size)
        return self._results(several(images), decide, batch_size)

    def _results(
        self, images: Iterable[ImageLike], decide: Decider, batch_size: int
    ) -> Iterator[Prediction | Failure]:
        facts: dict[int, PhotoFacts] = {}
        numbers = counted()
        for batch, results in stream_features(images, self.backbone, batch_size, facts.__setitem__):
            good = [result for result in results if not isinstance(result, ImageError)]
            predictions = decide(np.stack(good)).predictions() if good else iter(())
            for image, result in zip(batch, results, strict=True):
                noted = facts.pop(next(numbers), None)
                path = str(image) if isinstance(image, str | os.PathLike) else None
                if isinstance(result, ImageError):
                    yield Failure(path or "", str(result))
                else:
                    yield replace(next(predictions), path=path, facts=noted)
