"""Training: warm-up on seen classes, then generate-and-learn on seen and unseen ones.

Yu & Lee, "Zero-shot Learning via Simultaneous Generating and Learning", NeurIPS 2019, algorithm 1.
Letters: N rows, B batch, K classes, S seen classes, D feature, P scaled feature, A attribute, L latent.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional as F

from zsl_images.model.config import Recipe, TrainConfig
from zsl_images.model.losses import gaussian_kl, prior_regularisation, reconstruction_loss
from zsl_images.model.mmvae import MultiModalVAE
from zsl_images.model.noise import TrainingData, _class_means, _Noise
from zsl_images.model.priors import KernelPrior
from zsl_images.model.scoring import class_scores
from zsl_images.progress import StepRecord


def fit(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.int64],
    attributes: npt.NDArray[np.float32],
    is_seen: npt.NDArray[np.bool_],
    recipe: Recipe,
    seed: int,
    *,
    text_dim: int = 0,
    phase: str = "training",
    on_step: Callable[[StepRecord], None] | None = None,
) -> MultiModalVAE:
    """Train a model: warm-up, then generate-and-learn where there are unseen classes.

    Args:
        features: (N, D), as the backbone gives them.
        labels: (N,) row of `attributes`, of a seen class each.
        attributes: (K, A), as the class table gives them.
        is_seen: (K,) mask of the classes that occur in `labels`.
        recipe: what is trained, and how.
        seed: Seed of every random choice; it gives the same model again on the same machine.
        text_dim: how many of the attributes, the last ones, are the vector of a description.
        phase: stands before the phases' names in the records.
        on_step: told of each step.
    """
    torch.set_flush_denormal(True)  # denormals in Adam's moments slow a step threefold
    order = np.argsort(~is_seen, kind="stable")  # seen classes first
    place = np.argsort(order)
    # Copies, since torch aligns its memory: sums over memory aligned otherwise end in other digits.
    x, a = torch.tensor(features), torch.tensor(attributes[order])
    seen_classes = int(is_seen.sum())
    config = replace(recipe.model, feature_dim=x.shape[1], attribute_dim=a.shape[1], text_dim=text_dim)
    if config.prior_centres:
        config = replace(config, prior_centres=seen_classes)
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):  # initial weights and dropout take no generator
        torch.manual_seed(seed)
        model = MultiModalVAE(config)
        model.feature_scaling.fit(x)
        model.attribute_scaling.fit(a[:seen_classes])
        data = TrainingData(
            model.feature_scaling(x),
            torch.from_numpy(place[labels]),
            model.attribute_scaling(a),
            seen_classes,
        )
        if isinstance(model.prior, KernelPrior):
            model.prior.fit(data.attributes[:seen_classes])
        phases = [warm_up(model, data, recipe.training, generator)]
        if seen_classes < len(is_seen):
            phases.append(generate_and_learn(model, data, recipe.training, generator))
        for record in chain.from_iterable(phases):
            if on_step:
                on_step(replace(record, phase=f"{phase}: {record.phase}"))
    return model.eval().requires_grad_(False)


def warm_up(
    model: MultiModalVAE, data: TrainingData, config: TrainConfig, generator: torch.Generator
) -> Iterator[StepRecord]:
    """Maximise the bound on the seen classes (eq. 2), yielding after each step."""
    batch_size = config.batch_size or len(data.features)
    steps = math.ceil(config.warm_up_epochs * len(data.features) / batch_size)
    optimiser, schedule = _optimiser(model, config.warm_up_rate, config, steps)
    model.train()
    for step in range(1, steps + 1):
        x, y = _seen_rows(data, config.batch_size, generator)
        priors, left_out = _seen_priors(model, data, config)  # (S, L) each
        losses = bound(model, x, y, priors, left_out, config)
        _descend(optimiser, losses)
        schedule.step()
        yield _record("warm-up", step, steps, losses)
    _settle(model, data, config)


def generate_and_learn(
    model: MultiModalVAE, data: TrainingData, config: TrainConfig, generator: torch.Generator
) -> Iterator[StepRecord]:
    """Generate unseen features, then learn from them beside seen ones (algorithm 1), step by step.

    E-step: u ~ uniform over unseen classes, z ~ p(z|a_u), x_u ~ p(x|z), all without gradient.
    M-step: a step up the bound on real seen and generated unseen rows (eq. 5).

    Only the encoder learns here, and batch norm keeps its statistics. Where the decoder and the
    prior network learn from what they generate, or statistics are taken over batches that are
    mostly generated, encoder and generator agree with each other while they leave the data.
    """
    batch_size = config.batch_size or len(data.features)
    steps = math.ceil(config.learn_epochs * len(data.features) / batch_size)
    optimiser, schedule = _optimiser(model.encoder, config.learn_rate, config, steps)
    model.train()
    model.decoder.requires_grad_(False)
    model.prior.eval().requires_grad_(False)
    for part in model.modules():
        if isinstance(part, torch.nn.BatchNorm1d):
            part.eval()
    with torch.no_grad():
        priors = model.prior(data.attributes)  # (K, L)
        left_out = _seen_priors(model, data, config)[1]
    noise = _Noise(model, data, left_out, config, generator)
    samples = max(1, config.dropout_samples)
    generated = round(batch_size * config.generated_share / samples)
    seen_rows = batch_size - generated * samples
    for step in range(1, steps + 1):
        drawn = torch.randint(
            data.seen_classes, len(data.attributes), (generated,), generator=generator
        )
        x_unseen = model.generate(
            priors[drawn],
            noise.of_latents(generated),
            noise.of_features(generated * samples),
            config.dropout_samples,
        )  # (samples·generated, P)
        x_seen, y_seen = _seen_rows(data, seen_rows, generator)
        x = torch.cat([x_seen, x_unseen])  # (B, P)
        y = torch.cat([y_seen, drawn.repeat(samples)])  # (B,)
        losses = bound(model, x, y, priors, left_out, config)
        _descend(optimiser, losses)
        if torch.rand((), generator=generator) < config.seen_only_probability:
            x, y = _seen_rows(data, batch_size, generator)
            _descend(optimiser, bound(model, x, y, priors, left_out, config))
        schedule.step()
        yield _record("generate-and-learn", step, steps, losses)


def bound(
    model: MultiModalVAE,
    x: Tensor,
    y: Tensor,
    priors: Tensor,
    left_out: Tensor | None,
    config: TrainConfig,
) -> dict[str, Tensor]:
    """The terms of the negative bound (eq. 2), and those beside it.

    The mixture prior gives a posterior over classes, whose cross-entropy is -log p(y|mu(x)) with
    p(k|z) ∝ N(z; mu(a_k), I): the scores of eq. 3, halved.

    Args:
        model: in training mode.
        x: scaled features (B, P).
        y: (B,) rows of `priors`.
        priors: mu(a), (K, L).
        left_out: for each seen class the prior that the others foretell (S, L), or None.
        config: weights of the terms.
    """
    mu, logvar = model.encoder(x)  # (B, L) each
    own = priors.index_select(0, y)  # (B, L); priors[y] would sum its gradient in varying order
    z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
    losses = {
        "reconstruction": config.bound_weight * reconstruction_loss(model.decoder(z), x),
        "kl": config.bound_weight * config.kl_weight * gaussian_kl(mu, logvar, own),
    }
    if config.regularisation_weight:
        losses["regularisation"] = config.regularisation_weight * prior_regularisation(
            priors, margin=2 * priors.shape[1]
        )
    if config.cross_entropy_weight:
        losses["cross-entropy"] = config.cross_entropy_weight * F.cross_entropy(
            class_scores(mu, priors) / 2, y
        )
    if config.left_out_weight and left_out is not None:
        is_seen = y < len(left_out)
        losses["left-out"] = config.left_out_weight * (
            F.cross_entropy(class_scores(mu[is_seen], left_out) / 2, y[is_seen], reduction="sum")
            / len(y)
        )
    return losses


def _seen_rows(data: TrainingData, count: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """`count` random rows with their labels; 0 gives all."""
    if not count:
        return data.features, data.labels
    rows = torch.randint(len(data.features), (count,), generator=generator)
    return data.features[rows], data.labels[rows]


def _seen_priors(
    model: MultiModalVAE, data: TrainingData, config: TrainConfig
) -> tuple[Tensor, Tensor | None]:
    """Class priors of the seen classes (S, L) and, of a kernel, those with each class left out."""
    seen = data.attributes[: data.seen_classes]
    if not isinstance(model.prior, KernelPrior):
        return model.prior(seen), None
    weight, left_out = model.prior.solve(_class_means(model, data), config.ridge)
    return model.prior(seen, weight), left_out


def _settle(model: MultiModalVAE, data: TrainingData, config: TrainConfig) -> None:
    """Give a kernel prior the weights that belong to the encoder as it is now."""
    if isinstance(model.prior, KernelPrior):
        with torch.no_grad():
            model.prior.weight.copy_(model.prior.solve(_class_means(model, data), config.ridge)[0])


def _optimiser(
    module: torch.nn.Module, rate: float, config: TrainConfig, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    optimiser = torch.optim.Adam(module.parameters(), rate, fused=True)

    def share(step: int) -> float:
        return 0.5 * (1 + math.cos(math.pi * step / max(1, steps))) if config.has_decay else 1.0

    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, share)


def _descend(optimiser: torch.optim.Optimizer, losses: Mapping[str, Tensor]) -> None:
    optimiser.zero_grad()
    torch.stack(list(losses.values())).sum().backward()  # type: ignore[no-untyped-call]
    optimiser.step()


def _record(phase: str, step: int, steps: int, losses: Mapping[str, Tensor]) -> StepRecord:
    return StepRecord(phase, step, steps, {name: loss.item() for name, loss in losses.items()})
