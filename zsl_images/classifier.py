"""The room for users: a head with its backbone and the classes it may answer."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsl_images.classes.class_table import ClassTable, warn_of_scale
from zsl_images.classes.descriptions import encoder_of, read_classes
from zsl_images.classes.taxonomy import RollUp, Taxonomy, deepest
from zsl_images.defaults import DEFAULT_HEAD, TOP_K
from zsl_images.errors import ClassTableError, DataError, ImageError
from zsl_images.features.backbones import Backbone, load_backbone
from zsl_images.features.extraction import ImageLike, stream_features
from zsl_images.head import edits, new_classes
from zsl_images.head.decisions import _ROWS, FeatureLabels, _check_top_k, _Scored
from zsl_images.head.explanations import Explainer
from zsl_images.head.head import Head
from zsl_images.head.head_file import load_head, save_head
from zsl_images.model.scoring import (
    class_probabilities,
    class_scores,
    nearest_distances,
    penalised,
    top_classes,
    unknown_scores,
)
from zsl_images.progress import OnStep
from zsl_images.results import Candidate, Explanation, Failure, LevelLabel, Prediction


@dataclass(frozen=True, eq=False)
class ZeroShotClassifier:
    """Labels images with the classes of a table, with or without training photos.

    Args:
        head: the trained part.
        loaded_backbone: gives the features that the head was trained on; None where there will be
            nothing but features to label.
        table: the candidate classes, their attributes in the head's order.
        seen_penalty: γ, subtracted from the scores of seen classes; more of it gives unseen
            classes a better chance. In units of squared latent distance.
        min_confidence: below this probability (0..1) there is no label, an abstention.
        taxonomy: has a row for every candidate; predictions then carry its levels.
        is_explaining: whether predictions carry an explanation.

    Raises:
        ClassTableError: a candidate is not in the taxonomy.
    """

    head: Head
    loaded_backbone: Backbone | None
    table: ClassTable
    seen_penalty: float
    min_confidence: float = 0.0
    taxonomy: Taxonomy | None = None
    is_explaining: bool = False

    def __post_init__(self) -> None:
        if self.loaded_backbone is not None:
            self.head.backbone.check(self.loaded_backbone)
        if self.taxonomy is not None:
            self.taxonomy.of(self.table.names)

    @property
    def backbone(self) -> Backbone:
        """What turns images into features.

        Raises:
            DataError: the classifier was loaded without.
        """
        if self.loaded_backbone is None:
            raise DataError("this classifier was loaded without its backbone; it labels features only")
        return self.loaded_backbone

    @classmethod
    def load(
        cls,
        name_or_path: str | os.PathLike[str] = DEFAULT_HEAD,
        *,
        backbone_weights: str | os.PathLike[str] | None = None,
        device: str | torch.device = "auto",
        engine: str = "auto",
        with_backbone: bool = True,
    ) -> ZeroShotClassifier:
        """Load a head, shipped (by name) or trained by you (by path), and its backbone.

        Args:
            name_or_path: a name of the catalogue, or a .safetensors file.
            backbone_weights: a local file or folder, see `load_backbone`.
            device: where the backbone runs.
            engine: what runs it, see `load_backbone`.
            with_backbone: False for labelling features that are at hand; no image can be labelled.

        Raises:
            WeightsError: the head cannot be read, or is of another backbone.
            BackboneError: the backbone's weights cannot be had.
        """
        head = load_head(name_or_path)
        if not with_backbone:
            return cls(head, None, head.table, head.seen_penalty)
        if not head.backbone.weights_sha256:
            raise DataError(
                f"the head {name_or_path} was trained on a file of features, so no backbone is known "
                "that would turn photos into such features; train one from photos with `zsl train`"
            )
        backbone = load_backbone(head.backbone.name, backbone_weights, device, engine)
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
        """The same classifier with unseen classes more; see `head.new_classes`.

        Raises:
            ClassTableError: a class is a candidate already, or an attribute is lacking.
            DataError: `learn` is asked of a head that remembers nothing to generate from.
        """
        return self.with_head(
            new_classes.add_classes(
                self.own_head(), table, learn=learn, known=known, seed=seed, on_step=on_step
            )
        )

    def remove_classes(self, names: Sequence[str]) -> ZeroShotClassifier:
        """The same classifier without these classes.

        Raises:
            ClassTableError: a name is no candidate, or none would be left.
        """
        return self.with_head(edits.remove_classes(self.own_head(), names))

    def rename_classes(self, names: Mapping[str, str]) -> ZeroShotClassifier:
        """The same classifier with other names (old → new) for its classes.

        Raises:
            ClassTableError: an old name is no candidate, or a new one is one already.
        """
        return self.with_head(edits.rename_classes(self.own_head(), names))

    def with_classes(self, table: ClassTable) -> ZeroShotClassifier:
        """The same classifier with the classes of `table` as its only candidates.

        Attributes are matched by name. A class counts as seen where the head learned a class of
        that name from photos.

        Raises:
            ClassTableError: an attribute of the head is lacking.
        """
        head_table = self.head.table
        table = table.aligned_to(head_table.attribute_names)
        warn_of_scale(head_table, table)
        return replace(self, table=table.with_seen(head_table.seen_names))

    def with_descriptions(
        self,
        text: str | os.PathLike[str],
        attributes: ClassTable | str | os.PathLike[str] | None = None,
    ) -> ZeroShotClassifier:
        """The same classifier with classes as its candidates that are described in words.

        Args:
            text: a table of classes and descriptions, read by the encoder that the head knows.
            attributes: of the same classes, for a head that was trained with both.

        Raises:
            ClassTableError: a table cannot be used, or the head was trained without descriptions.
            TextEncoderError: the head's text encoder cannot be had.
        """
        return self.with_classes(read_classes(attributes, text, lambda: encoder_of(self.head.table)))

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

    def with_taxonomy(self, taxonomy: Taxonomy) -> ZeroShotClassifier:
        """The same classifier, which also answers at the levels of a taxonomy.

        Raises:
            ClassTableError: a candidate is not in the taxonomy.
        """
        return replace(self, taxonomy=taxonomy)

    def with_explanations(self) -> ZeroShotClassifier:
        """The same classifier, which also says why."""
        return replace(self, is_explaining=True)

    def explain(self, image: ImageLike) -> Explanation:
        """Why an image gets its label, and not the next one.

        Raises:
            ImageError: it cannot be read.
        """
        explanation = self.with_explanations().predict(image, top_k=1)[0].explanation
        assert explanation is not None
        return explanation

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
        _check_top_k(top_k)
        label = self._labeller(top_k)
        for batch, results in stream_features(images, self.backbone, batch_size):
            good = [r for r in results if not isinstance(r, ImageError)]
            labelled = iter(label(np.stack(good)) if good else ())
            for image, result in zip(batch, results, strict=True):
                path = str(image) if isinstance(image, str | os.PathLike) else None
                if isinstance(result, ImageError):
                    yield Failure(path or "", str(result))
                else:
                    yield replace(next(labelled), path=path)

    def class_priors(self) -> torch.Tensor:
        """Where every candidate lies in latent space, (K, L); see `Head.class_priors`."""
        return self.head.class_priors(self.table)

    def label_features(
        self, features: npt.NDArray[np.floating[Any]], top_k: int = TOP_K
    ) -> FeatureLabels:
        """Candidates of features (N, D), as the backbone gives them."""
        _check_top_k(top_k)
        score, roll_up = self._scorer(), self._roll_up()
        found: list[tuple[Tensor, ...]] = []
        answers: list[LevelLabel | None] = []
        for rows in torch.split(torch.tensor(features), _ROWS):
            scored = score(rows)
            found.append((*top_classes(scored.probabilities, top_k), scored.unknown))
            answers += [
                deepest(roll_up(row), self.min_confidence) if roll_up else None
                for row in scored.probabilities.numpy()
            ]
        top, columns, unknown = (torch.cat(parts).numpy() for parts in zip(*found, strict=True))
        return FeatureLabels(top, columns, unknown, answers)

    def fingerprint(self, top_k: int = TOP_K) -> str:
        """Names all that a label depends on beside the feature: head, candidates, thresholds."""
        groups = self.taxonomy and [self.taxonomy.lineages[name] for name in self.table.names]
        settings = (
            self.table.names,
            self.table.is_seen.tolist(),
            self.seen_penalty,
            self.head.temperature,
            self.head.known_distances,
            self.min_confidence,
            self.taxonomy and (self.taxonomy.levels, groups),
            top_k,
        )
        digest = hashlib.sha256(repr(settings).encode())
        for places in (self.class_priors(), self.head.centres(self.table)):
            digest.update(places.numpy().tobytes())
        for tensor in self.head.model.state_dict().values():
            digest.update(tensor.numpy().tobytes())
        return digest.hexdigest()[:16]

    def _scorer(self) -> Callable[[Tensor], _Scored]:
        """What scores features (B, D); all that depends on the classes alone is made here, once."""
        class_priors, centres = self.class_priors(), self.head.centres(self.table)
        known = self.head.known_distances
        is_seen = torch.from_numpy(self.table.is_seen)

        @torch.inference_mode()
        def score(features: Tensor) -> _Scored:
            scaled = self.head.model.feature_scaling(features.float())
            latents = self.head.model.encoder.mean(scaled)
            scores = class_scores(latents, class_priors)
            unknown = nearest_distances(scaled, centres)
            unknown = unknown_scores(unknown, known) if known else torch.full_like(unknown, torch.nan)
            scores = penalised(scores, is_seen, self.seen_penalty)
            probabilities = class_probabilities(scores, self.head.temperature)
            return _Scored(latents, scores, probabilities, unknown)

        return score

    def _roll_up(self) -> RollUp | None:
        return self.taxonomy.of(self.table.names) if self.taxonomy else None

    def _labeller(self, top_k: int) -> Callable[[npt.NDArray[np.float16]], list[Prediction]]:
        """What labels features (B, D)."""
        score, roll_up = self._scorer(), self._roll_up()
        explainer = Explainer(self.head, self.table) if self.is_explaining else None
        every = list(zip(self.table.names, self.table.is_seen.tolist(), strict=True))

        def label(features: npt.NDArray[np.float16]) -> list[Prediction]:
            scored = score(torch.from_numpy(features))
            top, columns = top_classes(scored.probabilities, top_k)
            with torch.inference_mode():
                explanations = explainer.explain(scored.latents, scored.scores) if explainer else None
            predictions = []
            for row, (of_row, found) in enumerate(zip(columns.tolist(), top.tolist(), strict=True)):
                levels = roll_up(scored.probabilities[row].numpy()) if roll_up else ()
                unknown = float(scored.unknown[row])
                predictions.append(
                    Prediction(
                        path=None,
                        top=tuple(
                            Candidate(every[column][0], probability, every[column][1])
                            for probability, column in zip(found, of_row, strict=True)
                        ),
                        unknown_score=None if np.isnan(unknown) else unknown,
                        is_abstention=found[0] < self.min_confidence,
                        levels=levels,
                        answer=deepest(levels, self.min_confidence),
                        explanation=explanations[row] if explanations else None,
                    )
                )
            return predictions

        return label
