"""Training: warm-up on seen classes, then generate-and-learn on seen and unseen ones.

Yu & Lee, "Zero-shot Learning via Simultaneous Generating and Learning", NeurIPS 2019, algorithm 1.
Letters: N rows, B batch, K classes, S seen classes, D feature, P scaled feature, A attribute, L latent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from zsl_images.model.config import ModelConfig, Recipe, TrainConfig
from zsl_images.model.losses import bound
from zsl_images.model.mmvae import MultiModalVAE, build
from zsl_images.model.noise import NOISES
from zsl_images.model.optimiser import Descent, flushing_denormals
from zsl_images.model.priors import Rows
from zsl_images.model.roll_back import RollBack
from zsl_images.model.scalings import FeatureScaling
from zsl_images.progress import StepRecord

BLOCK = 8192
"""Rows of features that are scaled at once."""

Features = npt.NDArray[np.float16] | npt.NDArray[np.float32]
"""Features as a backbone gives them, in memory or memory-mapped."""


@dataclass(frozen=True, eq=False)
class BackboneRows:
    """What the classifier of a backbone says of J classes.

    Args:
        weights: One row per class, at unit length, in the units of features, (J, D).
        labels: Row of the class table for each, (J,), each once.
    """

    weights: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What training reads. Features are scaled when they are asked for, so they can stay on disk.

    Args:
        features: (N, D), as the backbone gives them, of seen classes; perhaps memory-mapped.
        labels: y, (N,), row of `attributes`, below S; each seen class has one row or more.
        attributes: a, scaled, on the model's device, (K, A), the S seen classes first.
        seen_classes: S.
        scaling: What scales features.
    """

    features: Features
    labels: npt.NDArray[np.int64]
    attributes: Tensor
    seen_classes: int
    scaling: FeatureScaling

    def __len__(self) -> int:
        return len(self.features)

    @property
    def seen_attributes(self) -> Tensor:
        """a of the seen classes, (S, A)."""
        return self.attributes[: self.seen_classes]

    def rows(self, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Random rows, scaled (count, P), with their labels (count,)."""
        device = self.attributes.device
        rows = torch.randint(len(self), (count,), generator=generator, device=device).cpu().numpy()
        x: Tensor = self.scaling(tensor_of(self.features[rows], device))
        return x, torch.tensor(self.labels[rows], device=device)

    def blocks(self) -> Iterator[tuple[Tensor, Tensor]]:
        """All rows in turn, scaled (B, P), with their labels (B,)."""
        for start in range(0, len(self), BLOCK):
            rows = slice(start, start + BLOCK)
            x = self.scaling(tensor_of(self.features[rows], self.attributes.device))
            yield x, torch.tensor(self.labels[rows], device=x.device)

    def class_means(self) -> Tensor:
        """Mean scaled feature of each seen class, (S, P)."""
        sums = self.attributes.new_zeros(self.seen_classes, self.scaling.width)
        for x, y in self.blocks():
            sums.index_add_(0, y, x)
        counts = np.bincount(self.labels, minlength=self.seen_classes)
        return sums / torch.tensor(counts, device=sums.device)[:, None]


def tensor_of(features: Features, device: torch.device) -> Tensor:
    """Features as float32 on a device: a copy, which torch aligns, since sums over memory that is
    aligned otherwise end in other digits."""
    return torch.tensor(np.asarray(features, np.float32), device=device)


def fit(
    features: Features,
    labels: npt.NDArray[np.int64],
    attributes: npt.NDArray[np.float32],
    is_seen: npt.NDArray[np.bool_],
    recipe: Recipe,
    seed: int,
    *,
    rows: BackboneRows | None = None,
    text_dim: int = 0,
    phase: str = "training",
    roll_back: RollBack | None = None,
    device: str = "cpu",
    on_step: Callable[[StepRecord], None] | None = None,
) -> MultiModalVAE:
    """Train a model: warm-up, then generate-and-learn if there are unseen classes.

    Args:
        features: (N, D), as the backbone gives them.
        labels: (N,), for each row a seen class as its row of `attributes`.
        attributes: (K, A), as the class table gives them.
        is_seen: (K,) mask of the classes that occur in `labels`.
        recipe: What is trained, and how.
        seed: Seed of every random choice; it gives the same model again on the same machine.
        rows: What the backbone's own classifier says of some classes.
        text_dim: Number of attributes, the last ones, that are the vector of a description.
        phase: Text before the phases' names in the records.
        roll_back: What watches generate-and-learn on validation rows.
        device: Torch device that learns.
        on_step: Called after each step.
    """
    # Initial weights and dropout take no generator of their own.
    forked = [device] if device.startswith("cuda") else []
    with torch.random.fork_rng(devices=forked), flushing_denormals():
        torch.manual_seed(seed)
        model, data = prepare(
            features, labels, attributes, is_seen, recipe.model, rows, text_dim, device
        )
        generator = torch.Generator(model.device).manual_seed(seed)
        phases = [warm_up(model, data, recipe.training, generator)]
        if not is_seen.all():
            steps = generate_and_learn(model, data, recipe.training, generator)
            phases.append(roll_back.over(steps, model) if roll_back else steps)
        for record in chain.from_iterable(phases):
            if on_step:
                on_step(replace(record, phase=f"{phase}: {record.phase}"))
    return model.eval().requires_grad_(False)


def prepare(
    features: Features,
    labels: npt.NDArray[np.int64],
    attributes: npt.NDArray[np.float32],
    is_seen: npt.NDArray[np.bool_],
    config: ModelConfig,
    rows: BackboneRows | None = None,
    text_dim: int = 0,
    device: str = "cpu",
) -> tuple[MultiModalVAE, TrainingData]:
    """A model that knows its data's sizes and scales but has learned nothing, and what it is to read.

    Args:
        features: (N, D), see `fit`.
        labels: (N,), see `fit`.
        attributes: (K, A), see `fit`.
        is_seen: (K,), see `fit`.
        config: Parts and sizes, without what only the data can tell.
        rows: See `fit`.
        text_dim: See `fit`.
        device: See `fit`. Initial weights are drawn on the CPU, so that they are the same everywhere.
    """
    order = np.argsort(~is_seen, kind="stable")  # seen classes first
    row_of = np.argsort(order)
    seen_classes = int(is_seen.sum())
    sizes = replace(
        config,
        feature_dim=features.shape[1],
        attribute_dim=attributes.shape[1],
        text_dim=text_dim,
        seen_classes=seen_classes,
        row_classes=len(rows.labels) if rows else 0,
    )
    with torch.device("cpu"):
        model = build(sizes)
    model.to(device)
    a = torch.tensor(attributes[order], device=model.device)
    weights = torch.tensor(rows.weights, device=model.device) if rows else None
    with_row = torch.tensor(row_of[rows.labels] if rows else [], dtype=torch.int64, device=model.device)
    starts = range(0, len(features), BLOCK)
    blocks = (tensor_of(features[start : start + BLOCK], model.device) for start in starts)
    model.feature_scaling.fit(blocks, weights)
    model.attribute_scaling.fit(torch.cat([a[:seen_classes], a[with_row]]))
    scaled = model.attribute_scaling(a)
    data = TrainingData(features, row_of[labels], scaled, seen_classes, model.feature_scaling)
    places = None
    if weights is not None:
        places = Rows(data.attributes[with_row], model.feature_scaling.places_of(weights))
    counts = torch.tensor(np.bincount(data.labels, minlength=seen_classes), device=model.device)
    model.prior.fit(data.seen_attributes, counts, places)
    return model, data


def warm_up(
    model: MultiModalVAE, data: TrainingData, config: TrainConfig, generator: torch.Generator
) -> Iterator[StepRecord]:
    """Maximise the bound on the seen classes (eq. 2), yielding after each step."""
    settle(model, data)
    steps = _steps(config.warm_up_epochs, data, config)
    descent = Descent(model.parameters(), config.warm_up_rate)
    model.train()
    for step in range(1, steps + 1):
        x, y = data.rows(config.batch_size or len(data), generator)  # (B, P), (B,)
        losses = bound(model, x, y, model.prior(data.seen_attributes), config)
        descent.step(losses)
        yield _record("warm-up", step, steps, losses)
    if steps:
        settle(model, data)


@torch.no_grad()
def settle(model: MultiModalVAE, data: TrainingData) -> None:
    """Give a prior in closed form the weights that belong to the encoder as it is now."""
    model.eval()
    model.prior.settle(model.encoder.mean(data.class_means()))


def generate_and_learn(
    model: MultiModalVAE, data: TrainingData, config: TrainConfig, generator: torch.Generator
) -> Iterator[StepRecord]:
    """Generate unseen features, then learn from them beside seen ones (algorithm 1), step by step.

    E-step: u ~ uniform over unseen classes, z ~ p(z|a_u), x_u ~ p(x|z), all without gradient.
    M-step: a step up the bound on real seen and generated unseen rows (eq. 5).

    As in the authors' code, the prior network has no dropout here, and now and then an extra step is
    taken on seen rows alone. Batch norm keeps its statistics: if they follow batches that are mostly
    generated, accuracy on seen classes that play unseen falls by a third.
    """
    model.eval()  # no dropout in the prior network
    with torch.no_grad():
        centres = data.class_means()  # (S, P)
        errors = model.prior.errors(model.encoder.mean(centres))  # (S, L)

    def deviations(count: int, generator: torch.Generator) -> Tensor:
        x, y = data.rows(count, generator)
        return x - centres[y]

    noise = NOISES[config.noise](errors, deviations)
    learning = _let_learn(model, config.learning_parts)
    steps = _steps(config.learn_epochs, data, config) + config.learn_steps
    descent = Descent(learning, config.learn_rate)
    batch_size = config.batch_size or len(data)
    samples = max(1, config.dropout_samples)
    generated = round(batch_size * config.generated_share / samples)
    classes = (data.seen_classes, len(data.attributes))
    is_seen = torch.arange(len(data.attributes), device=model.device) < data.seen_classes

    def class_priors() -> Tensor:
        priors: Tensor = model.known_longer(model.prior(data.attributes), is_seen)
        return priors

    priors, prior_learns = class_priors(), "prior" in config.learning_parts  # (K, L)
    for step in range(1, steps + 1):
        if prior_learns:
            priors = class_priors()
        u = torch.randint(*classes, (generated,), generator=generator, device=model.device)
        x_unseen = model.generate(priors[u], noise, generator, config.dropout_samples)
        x_seen, y_seen = data.rows(batch_size - generated * samples, generator)
        x = torch.cat([x_seen, x_unseen])  # (B, P)
        y = torch.cat([y_seen, u.repeat(samples)])  # (B,)
        losses = bound(model, x, y, priors, config)
        descent.step(losses)
        if torch.rand((), generator=generator, device=model.device) < config.seen_only_probability:
            x, y = data.rows(batch_size, generator)
            priors = class_priors() if prior_learns else priors
            descent.step(bound(model, x, y, priors, config))
        yield _record("generate-and-learn", step, steps, losses)


def _steps(epochs: float, data: TrainingData, config: TrainConfig) -> int:
    rows = len(data)
    return math.ceil(round(epochs * rows / (config.batch_size or rows), 6))


def _let_learn(model: MultiModalVAE, names: Collection[str]) -> list[nn.Parameter]:
    """Put encoder and decoder into training mode, but hold batch norm; freeze all but the named parts.

    Returns:
        What learns.
    """
    for name, part in model.named_children():
        if name not in names:
            part.requires_grad_(False)
    for part in chain(model.encoder.modules(), model.decoder.modules()):
        part.training = not isinstance(part, nn.BatchNorm1d)
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def _record(phase: str, step: int, steps: int, losses: Mapping[str, Tensor]) -> StepRecord:
    return StepRecord(phase, step, steps, {name: loss.item() for name, loss in losses.items()})
