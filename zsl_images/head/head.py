"""The head: a trained model with its classes, and how its scores are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import HeadError, counted
from zsl_images.features.backbones import Backbone, fingerprint
from zsl_images.head.calibration import Calibration
from zsl_images.head.class_memory import Memory
from zsl_images.head.outside import Outside
from zsl_images.model.config import ModelConfig, TrainConfig
from zsl_images.model.frozen import FrozenVAE
from zsl_images.model.scoring import class_scores, nearest_distances
from zsl_images.version import __version__

if TYPE_CHECKING:
    from zsl_images.model.mmvae import MultiModalVAE


@dataclass(frozen=True)
class BackboneInfo:
    """Which backbone a head was trained with.

    Args:
        name: Name as given to `load_backbone`.
        weights_sha256: Hash of the backbone's weights; "" if the features came without a backbone.
        preprocessing: Settings of the backbone's transform.
    """

    name: str
    weights_sha256: str = ""
    preprocessing: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of this backbone."""
        return fingerprint(self.name, self.weights_sha256, self.preprocessing)

    @classmethod
    def of(cls, backbone: Backbone) -> BackboneInfo:
        """The record of `backbone` that a head keeps."""
        return cls(backbone.name, backbone.weights_sha256, backbone.preprocessing)

    def check(self, backbone: Backbone) -> None:
        """Refuse a backbone whose features differ from those that the head was trained with.

        Raises:
            HeadError: The network, its weights or its preprocessing differ.
        """
        given = BackboneInfo.of(backbone)
        for what, mine, other in (
            ("backbone", self.name, given.name),
            ("backbone weights (sha256)", self.weights_sha256, given.weights_sha256),
            ("preprocessing", self.preprocessing, given.preprocessing),
        ):
            if mine != other:
                raise HeadError(
                    f"the head was trained with {what} {mine}, but is given {other}; load the "
                    "backbone that it was trained with, or train a head for this one"
                )


@dataclass(frozen=True, eq=False)
class Head:
    """A trained model with its classes, and how its scores become labels.

    It answers in NumPy; only what learns or generates wakes torch, see `model`.

    Args:
        frozen: Encoder, decoder and prior network, as they are when they answer.
        table: Classes it was trained with, seen and unseen.
        backbone: Backbone that made its features.
        train_config: How it was trained.
        calibration: How its scores become decisions and probabilities.
        version: Version of the package that trained it.
        residuals: Class name → residual (L,), added to the class's prior mu(a), for classes that moved
            after training; see `edit_classes`, `add_classes` and `transductive`.
        memory: What it remembers of its training rows; None if it was trained without a memory.
    """

    frozen: FrozenVAE
    table: ClassTable
    backbone: BackboneInfo
    train_config: TrainConfig
    calibration: Calibration = field(default_factory=Calibration)
    version: str = __version__
    residuals: Mapping[str, npt.NDArray[np.float32]] = field(default_factory=dict)
    memory: Memory | None = None

    def __repr__(self) -> str:
        seen = len(self.table.seen_names)
        return (
            f"Head({counted(len(self.table), 'class')}, {seen} seen, backbone={self.backbone.name!r})"
        )

    @cached_property
    def model(self) -> MultiModalVAE:
        """The frozen model as torch modules on the CPU, which can learn and generate features."""
        from zsl_images.model.mmvae import thawed  # wakes torch

        return thawed(self.frozen)

    @property
    def config(self) -> ModelConfig:
        """The settings of the model."""
        return self.frozen.config

    def with_seen_penalty(self, seen_penalty: float) -> Head:
        """The head with another default seen penalty γ."""
        return replace(self, calibration=replace(self.calibration, seen_penalty=seen_penalty))

    def with_table(self, table: ClassTable, renamed: Mapping[str, str] | None = None) -> Head:
        """The head with another table; its classes keep their residuals and memories.

        Those of classes that are not in the table are dropped.

        Args:
            table: Classes, their attributes in the head's order.
            renamed: Old name → name in `table`. Default: every class keeps its name.
        """
        renamed = {name: name for name in table.names} if renamed is None else renamed
        memory, seen = self.memory, set(table.seen_names)
        if memory is not None:
            memory = memory.select([name for name in memory.names if renamed.get(name) in seen])
            memory = memory.renamed([renamed[name] for name in memory.names])
        residuals = {renamed[n]: value for n, value in self.residuals.items() if n in renamed}
        return replace(self, table=table, residuals=residuals, memory=memory)

    def penalised(self, table: ClassTable) -> npt.NDArray[np.bool_]:
        """Mask of the classes of `table` that the seen penalty is for, (K,).

        These are the seen classes; in a head that was calibrated without photos, also those that the
        backbone knows.
        """
        return table.is_seen if self.calibration.uses_photos else table.is_known

    def class_priors(self, table: ClassTable) -> npt.NDArray[np.float32]:
        """The class priors of `table`, each mu(a) plus its residual, longer if it is seen: (K, L).

        Args:
            table: Classes, their attributes in the head's order.
        """
        priors = self.priors_of(table.attributes)
        for row, name in enumerate(table.names):
            if name in self.residuals:
                priors[row] += self.residuals[name]
        longer: npt.NDArray[np.float32] = self.frozen.known_longer(priors, table.is_seen)
        return longer

    def centres(self, table: ClassTable) -> npt.NDArray[np.float32]:
        """The scaled features that are typical of each class of `table`, (K, P).

        That is the class's mean in the head's memory, or else its decoded class prior.
        """
        centres = self.frozen.decoder(self.class_priors(table))
        if self.memory is not None:
            row_of = {name: row for row, name in enumerate(self.memory.names)}
            for row, name in enumerate(table.names):
                if name in row_of:
                    centres[row] = self.memory.means[row_of[name]]
        placed: npt.NDArray[np.float32] = self.frozen.feature_scaling.place(centres)
        return placed

    def distances(
        self, table: ClassTable, features: npt.NDArray[np.float32]
    ) -> npt.NDArray[np.float32]:
        """Squared distance (N,) from features (N, D) to the nearest centre of a class of `table`.

        What lies outside the axes of the head is added, times the calibration's weight.
        """
        scaled = self.frozen.feature_scaling(features)
        found: npt.NDArray[np.float32] = nearest_distances(scaled, self.centres(table))
        return found + np.float32(self.calibration.outside_weight) * Outside(self.frozen)(features)

    def scores(self, table: ClassTable, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Scores (N, K) of the classes of `table` for features (N, D), without a seen penalty."""
        latents = self.frozen.latents(features)
        found: npt.NDArray[np.float32] = class_scores(latents, self.class_priors(table))
        return found

    def priors_of(self, attributes: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """mu(a) of attributes in the head's order, without residuals: (K, A) → (K, L)."""
        priors: npt.NDArray[np.float32] = self.frozen.class_priors(attributes)
        return priors
