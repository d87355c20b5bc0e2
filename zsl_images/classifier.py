"""The room for users: a head with its backbone and the classes it may answer."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch

from zsl_images import growing
from zsl_images.backbones import Backbone, load_backbone
from zsl_images.checkpoint import DEFAULT_HEAD, Head, load_head, save_head
from zsl_images.classes import ClassTable
from zsl_images.errors import ClassTableError, DataError, ImageError
from zsl_images.features import ImageLike, OnStep, stream_features
from zsl_images.results import Candidate, Failure, Prediction
from zsl_images.scoring import (
    class_probabilities,
    class_scores,
    penalised,
    top_classes,
    unknown_scores,
)

TOP_K = 5
"""How many candidates a prediction carries where nothing is said."""


@dataclass(frozen=True, eq=False)
class ZeroShotClassifier:
    """Labels images with the classes of a table, with or without training photos.

    Args:
        head: the trained part.
        backbone: gives the features that the head was trained on.
        table: the candidate classes, their attributes in the head's order.
        seen_penalty: γ, subtracted from the scores of seen classes; more of it gives unseen
            classes a better chance. In units of squared latent distance.
        min_confidence: below this probability (0..1) there is no label, an abstention.
    """

    head: Head
    backbone: Backbone
    table: ClassTable
    seen_penalty: float
    min_confidence: float = 0.0

    def __post_init__(self) -> None:
        self.head.backbone.check(self.backbone)

    @classmethod
    def load(
        cls,
        name_or_path: str | os.PathLike[str] = DEFAULT_HEAD,
        *,
        backbone_weights: str | os.PathLike[str] | None = None,
        device: str | torch.device = "auto",
    ) -> ZeroShotClassifier:
        """Load a head, shipped (by name) or trained by you (by path), and its backbone.

        Args:
            name_or_path: a name of the catalogue, or a .safetensors file.
            backbone_weights: a local file or folder, see `load_backbone`.
            device: where the backbone runs.

        Raises:
            WeightsError: the head cannot be read, or is of another backbone.
            BackboneError: the backbone's weights cannot be had.
        """
        head = load_head(name_or_path)
        if not head.backbone.weights_sha256:
            raise DataError(
                f"the head {name_or_path} was trained on a file of features, so no backbone is known "
                "that would turn photos into such features; train one from photos with `zsl train`"
            )
        backbone = load_backbone(head.backbone.name, backbone_weights, device)
        return cls(head, backbone, head.table, head.seen_penalty)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the head, with the candidate classes as its table.

        Raises:
            OutputError: it cannot be written.
        """
        save_head(self.own_head(), path)

    def own_head(self) -> Head:
        """The head with the candidates as its table, and the classifier's seen penalty."""
        return replace(self.head, table=self.table, seen_penalty=self.seen_penalty)

    def with_head(self, head: Head) -> ZeroShotClassifier:
        """The same classifier with another head, whose classes become the candidates."""
        return replace(self, head=head, table=head.table, seen_penalty=head.seen_penalty)

    def add_classes(
        self,
        table: ClassTable,
        *,
        learn: bool = False,
        known: tuple[npt.NDArray[np.float32], Sequence[str]] | None = None,
        seed: int = 0,
        on_step: OnStep | None = None,
    ) -> ZeroShotClassifier:
        """The same classifier with unseen classes more; see `growing.add_classes`.

        Raises:
            ClassTableError: a class is a candidate already, or an attribute is lacking.
            DataError: `learn` is asked of a head that remembers nothing to generate from.
        """
        return self.with_head(
            growing.add_classes(
                self.own_head(), table, learn=learn, known=known, seed=seed, on_step=on_step
            )
        )

    def remove_classes(self, names: Sequence[str]) -> ZeroShotClassifier:
        """The same classifier without these classes.

        Raises:
            ClassTableError: a name is no candidate, or none would be left.
        """
        return self.with_head(growing.remove_classes(self.own_head(), names))

    def rename_classes(self, names: Mapping[str, str]) -> ZeroShotClassifier:
        """The same classifier with other names (old → new) for its classes.

        Raises:
            ClassTableError: an old name is no candidate, or a new one is one already.
        """
        return self.with_head(growing.rename_classes(self.own_head(), names))

    def with_classes(self, table: ClassTable) -> ZeroShotClassifier:
        """The same classifier with the classes of `table` as its only candidates.

        Attributes are matched by name. A class counts as seen where the head learned a class of
        that name from photos.

        Raises:
            ClassTableError: an attribute of the head is lacking.
        """
        head_table = self.head.table
        table = table.aligned_to(head_table.attribute_names)
        growing.warn_of_scale(head_table, table)
        return replace(self, table=table.with_seen(head_table.seen_names))

    def only_unseen(self) -> ZeroShotClassifier:
        """The same classifier with its unseen classes as the only candidates (ZSL, not GZSL).

        Raises:
            ClassTableError: there is no unseen class.
        """
        if not self.table.unseen_names:
            raise ClassTableError(
                "every candidate is a seen class; give a table with unseen ones, or allow all"
            )
        return replace(self, table=self.table.select(self.table.unseen_names))

    def with_min_confidence(self, min_confidence: float) -> ZeroShotClassifier:
        """The same classifier, which abstains below this probability (0..1)."""
        return replace(self, min_confidence=min_confidence)

    def with_seen_penalty(self, seen_penalty: float) -> ZeroShotClassifier:
        """The same classifier with another seen penalty γ."""
        return replace(self, seen_penalty=seen_penalty)

    def predict(self, images: ImageLike | Iterable[ImageLike], top_k: int = TOP_K) -> list[Prediction]:
        """Label images; one image is taken as a list of one.

        Args:
            images: paths, PIL images or arrays (see `images.to_rgb`).
            top_k: candidates a prediction carries, at most all classes.

        Raises:
            ImageError: the first image that cannot be read; `stream` goes on instead.
        """
        if isinstance(images, str | os.PathLike) or hasattr(images, "shape") or hasattr(images, "mode"):
            images = [images]  # type: ignore[list-item]
        predictions = []
        for result in self.stream(images, top_k):
            if isinstance(result, Failure):
                raise ImageError(result.reason)
            predictions.append(result)
        return predictions

    def stream(
        self, images: Iterable[ImageLike], top_k: int = TOP_K, batch_size: int = 32
    ) -> Iterator[Prediction | Failure]:
        """Label any number of images in constant memory, in their order.

        An image that cannot be read is a `Failure` in its place; the rest go on.
        """
        if top_k < 1:
            raise ValueError(f"top_k is {top_k}, expected 1 or more")
        class_priors = self.class_priors()
        for batch, results in stream_features(images, self.backbone, batch_size):
            good = [r for r in results if not isinstance(r, ImageError)]
            labelled = iter(self._label(np.stack(good), class_priors, top_k) if good else ())
            for image, result in zip(batch, results, strict=True):
                path = str(image) if isinstance(image, str | os.PathLike) else None
                if isinstance(result, ImageError):
                    yield Failure(path or "", str(result))
                else:
                    top, unknown_score = next(labelled)
                    is_abstention = top[0].probability < self.min_confidence
                    yield Prediction(path, top, unknown_score, is_abstention)

    def class_priors(self) -> torch.Tensor:
        """Where every candidate lies in latent space, (K, L); see `Head.class_priors`."""
        return self.head.class_priors(self.table)

    def _label(
        self, features: npt.NDArray[np.float16], class_priors: torch.Tensor, top_k: int
    ) -> list[tuple[tuple[Candidate, ...], float | None]]:
        """Candidates and the unknown score of each feature (B, D)."""
        is_seen, known = torch.from_numpy(self.table.is_seen), self.head.known_distances
        with torch.inference_mode():
            latents = self.head.model.latents(torch.from_numpy(features).float())
            scores = class_scores(latents, class_priors)
            unknown = unknown_scores(scores, known).tolist() if known else [None] * len(scores)
            scores = penalised(scores, is_seen, self.seen_penalty)
            top, columns = top_classes(class_probabilities(scores, self.head.temperature), top_k)
        every = list(zip(self.table.names, self.table.is_seen.tolist(), strict=True))
        return [
            (
                tuple(
                    Candidate(every[column][0], probability, every[column][1])
                    for probability, column in zip(probabilities, of_row, strict=True)
                ),
                unknown_score,
            )
            for probabilities, of_row, unknown_score in zip(
                top.tolist(), columns.tolist(), unknown, strict=True
            )
        ]
