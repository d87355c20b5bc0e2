"""Training: warm-up on seen classes, then generate-and-learn on seen and unseen ones.

Yu & Lee, "Zero-shot Learning via Simultaneous Generating and Learning", NeurIPS 2019, algorithm 1.
Letters: N rows, B batch, K classes, S seen classes, D feature, P scaled feature, A attribute, L latent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from zsl_images.classes import ClassTable
from zsl_images.losses import gaussian_kl, prior_regularisation, reconstruction_loss
from zsl_images.mmvae import MultiModalVAE
from zsl_images.networks import ModelConfig
from zsl_images.results import StepRecord


@dataclass(frozen=True)
class TrainConfig:
    """How a head is trained. The defaults are the paper's for CUB: 17,000 steps are 154 epochs.

    Args:
        warm_up_epochs: passes over the seen rows in warm-up.
        learn_steps: steps of generate-and-learn; 0 leaves the plain mmVAE.
        batch_size: rows a step.
        learning_rate: of Adam.
        kl_weight: of the KL term; 1 is the bound itself.
        regularisation_weight: of the hinge between class priors.
        generated_share: share of a batch of generate-and-learn that is generated.
        seen_only_probability: of an extra step on seen rows alone, after each of generate-and-learn.
        dropout_samples: generated features for each z with the decoder's dropout active (eq. 9).
    """

    warm_up_epochs: float = 154.0
    learn_steps: int = 2_000
    batch_size: int = 64
    learning_rate: float = 1e-4
    kl_weight: float = 1.0
    regularisation_weight: float = 0.1
    generated_share: float = 0.9
    seen_only_probability: float = 0.5
    dropout_samples: int = 0


@dataclass(frozen=True)
class Recipe:
    """What is trained, and how. `model` lacks the widths that only the data can tell."""

    model: ModelConfig
    training: TrainConfig


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What training reads, all scaled.

    Args:
        features: (N, P) of seen classes.
        labels: (N,) row of `attributes`, below S.
        attributes: (K, A), the S seen classes first.
        seen_classes: S.
    """

    features: Tensor
    labels: Tensor
    attributes: Tensor
    seen_classes: int


def fit(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    table: ClassTable,
    recipe: Recipe,
    seed: int,
    phase: str = "training",
    on_step: Callable[[StepRecord], None] | None = None,
) -> MultiModalVAE:
    """Train a model: warm-up, then generate-and-learn where there are unseen classes.

    Args:
        features: (N, D), as the backbone gives them.
        labels: (N,) row of `table`, of a seen class each.
        table: K classes, with their seen mask.
        recipe: what is trained, and how.
        seed: of all that is random; the same seed gives the same model on the same machine.
        phase: stands before the phases' names in the records.
        on_step: told of each step.
    """
    torch.set_flush_denormal(True)  # denormals in Adam's moments slow a step threefold
    order = np.argsort(~table.is_seen, kind="stable")  # seen classes first
    place = np.argsort(order)
    x, a = torch.from_numpy(features), torch.from_numpy(table.attributes[order])
    seen_classes = int(table.is_seen.sum())
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):  # initial weights and dropout take no generator
        torch.manual_seed(seed)
        sizes = {"feature_dim": x.shape[1], "attribute_dim": a.shape[1]}
        model = MultiModalVAE(replace(recipe.model, **sizes))
        model.feature_scaling.fit(x)
        model.attribute_scaling.fit(a[:seen_classes])
        data = TrainingData(
            model.feature_scaling(x),
            torch.from_numpy(place[labels]),
            model.attribute_scaling(a),
            seen_classes,
        )
        phases = [warm_up(model, data, recipe.training, generator)]
        if seen_classes < len(table):
            phases.append(generate_and_learn(model, data, recipe.training, generator))
        for record in chain.from_iterable(phases):
            if on_step:
                on_step(replace(record, phase=f"{phase}: {record.phase}"))
    return model.eval().requires_grad_(False)


def warm_up(
    model: MultiModalVAE, data: TrainingData, config: TrainConfig, generator: torch.Generator
) -> Iterator[StepRecord]:
    """Maximise the bound on the seen classes (eq. 2), yielding after each step."""
    optimiser = torch.optim.Adam(model.parameters(), config.learning_rate, fused=True)
    model.train()
    steps = round(config.warm_up_epochs * len(data.features) / config.batch_size)
    for step in range(1, steps + 1):
        rows = torch.randint(len(data.features), (config.batch_size,), generator=generator)
        priors = model.prior(data.attributes[: data.seen_classes])  # (S, L)
        losses = bound(model, data.features[rows], data.labels[rows], priors, config)
        _descend(optimiser, losses)
        yield _record("warm-up", step, steps, losses)


def generate_and_learn(
    model: MultiModalVAE, data: TrainingData, config: TrainConfig, generator: torch.Generator
) -> Iterator[StepRecord]:
    """Generate unseen features, then learn from them beside seen ones (algorithm 1), step by step.

    E-step: u ~ uniform over unseen classes, z ~ p(z|a_u), x_u ~ p(x|z), all without gradient.
    M-step: a step up the bound on real seen and generated unseen rows (eq. 5).
    """
    optimiser = torch.optim.Adam(model.parameters(), config.learning_rate, fused=True)
    model.train()
    _hold_still(model)
    samples = max(1, config.dropout_samples)
    generated = round(config.batch_size * config.generated_share / samples)
    real = config.batch_size - generated * samples
    unseen_classes = len(data.attributes) - data.seen_classes
    for step in range(1, config.learn_steps + 1):
        with torch.no_grad():
            priors = model.prior(data.attributes)  # (K, L)
        drawn = torch.randint(unseen_classes, (generated,), generator=generator)
        drawn = drawn + data.seen_classes
        x_unseen = model.generate(
            priors[drawn], generator, dropout_samples=config.dropout_samples
        )  # (samples·generated, P)
        rows = torch.randint(len(data.features), (real,), generator=generator)
        x = torch.cat([data.features[rows], x_unseen])  # (B, P)
        y = torch.cat([data.labels[rows], drawn.repeat(samples)])  # (B,)
        losses = bound(model, x, y, model.prior(data.attributes), config)
        _descend(optimiser, losses)
        if torch.rand((), generator=generator) < config.seen_only_probability:
            rows = torch.randint(len(data.features), (config.batch_size,), generator=generator)
            priors = model.prior(data.attributes)
            _descend(
                optimiser, bound(model, data.features[rows], data.labels[rows], priors, config)
            )
        yield _record("generate-and-learn", step, config.learn_steps, losses)


def bound(
    model: MultiModalVAE, x: Tensor, y: Tensor, priors: Tensor, config: TrainConfig
) -> dict[str, Tensor]:
    """The terms of the negative bound (eq. 2) with the regularisation of the priors.

    Args:
        model: in training mode.
        x: scaled features (B, P).
        y: (B,) rows of `priors`.
        priors: mu(a), (K, L).
        config: weights of the terms.
    """
    mu, logvar = model.encoder(x)  # (B, L) each
    z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
    return {
        "reconstruction": reconstruction_loss(model.decoder(z), x),
        "kl": config.kl_weight * gaussian_kl(mu, logvar, priors[y]),
        "regularisation": config.regularisation_weight
        * prior_regularisation(priors, margin=2 * priors.shape[1]),
    }


def _hold_still(model: MultiModalVAE) -> None:
    """Keep in generate-and-learn what the warm-up found of the real data.

    Batch norm keeps its statistics: those of batches that are mostly generated would shift what
    photos are encoded to. The prior network drops nothing: its class priors are what is generated
    from.
    """
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm1d):
            part.eval()
    model.prior.eval()


def _descend(optimiser: torch.optim.Optimizer, losses: Mapping[str, Tensor]) -> None:
    optimiser.zero_grad()
    sum(losses.values(), torch.zeros(())).backward()
    optimiser.step()


def _record(phase: str, step: int, steps: int, losses: Mapping[str, Tensor]) -> StepRecord:
    return StepRecord(phase, step, steps, {name: loss.item() for name, loss in losses.items()})
