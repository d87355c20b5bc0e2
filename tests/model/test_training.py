from __future__ import annotations

import sys
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from small_models import SEEN, UNSEEN, Data, fitted, small, small_data
from torch.distributions import Independent, Normal, kl_divergence

from zsl_images.model.config import TrainConfig
from zsl_images.model.losses import bound
from zsl_images.model.mmvae import MultiModalVAE
from zsl_images.model.noise import Noise
from zsl_images.model.recipes import RECIPES
from zsl_images.model.training import TrainingData, generate_and_learn, prepare, settle, warm_up
from zsl_images.progress import StepRecord


@pytest.fixture(scope="module")
def data() -> Data:
    return small_data()


@dataclass
class Generated:
    """What was generated in training, and from what."""

    priors: list[torch.Tensor] = field(default_factory=list)
    features: list[torch.Tensor] = field(default_factory=list)
    noises: list[Noise] = field(default_factory=list)


@pytest.fixture
def generated(monkeypatch: pytest.MonkeyPatch) -> Generated:
    """Filled while a model trains."""
    log, generate = Generated(), MultiModalVAE.generate

    def logged(
        model: MultiModalVAE, class_priors: torch.Tensor, noise: Noise, *rest: Any
    ) -> torch.Tensor:
        x = generate(model, class_priors, noise, *rest)
        log.priors.append(class_priors)
        log.features.append(x)
        log.noises.append(noise)
        return x

    monkeypatch.setattr(MultiModalVAE, "generate", logged)
    return log


def all_of(rows: TrainingData) -> tuple[torch.Tensor, torch.Tensor]:
    """All rows, scaled, with their labels."""
    ((x, y),) = rows.blocks()
    return x, y


@pytest.mark.parametrize("name", RECIPES)
def test_the_same_seed_gives_the_same_model(name: str, data: Data) -> None:
    recipe = small(name, warm_up_epochs=2, learn_epochs=2)
    first, second = (fitted(data, recipe, seed=3).state_dict() for _ in range(2))
    other = fitted(data, recipe, seed=4).state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


def test_class_means_are_those_of_all_blocks(data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
    _, rows = prepare(*data.arrays(), small("best").model)
    x, y = all_of(rows)
    expected = torch.stack([x[y == row].mean(0) for row in range(SEEN)])
    monkeypatch.setattr("zsl_images.model.training.BLOCK", 7)
    assert len(list(rows.blocks())) > 10
    torch.testing.assert_close(rows.class_means(), expected)


def test_features_on_disk_in_half_precision_train_as_in_memory(data: Data, tmp_path: Path) -> None:
    half = data.features.astype(np.float16)
    np.save(tmp_path / "features.npy", half)
    mapped = replace(data, features=np.load(tmp_path / "features.npy", mmap_mode="r"))
    in_memory = replace(data, features=half.astype(np.float32))
    recipe = small("best", learn_steps=3)
    first, second = (fitted(of, recipe).state_dict() for of in (mapped, in_memory))
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_training_leaves_the_process_as_it_was(data: Data) -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fitted(data, small("best", warm_up_epochs=1, learn_epochs=1))
    assert torch.equal(torch.rand(3), expected)
    assert sys.float_info.min / 2 > 0  # denormals are not flushed any more


@pytest.mark.parametrize("name", ["best", "mmvae"])
def test_every_parameter_gets_a_gradient(name: str, data: Data) -> None:
    model, rows = prepare(*data.arrays(), small(name).model)
    settle(model, rows)
    priors = model.prior(rows.attributes)
    losses = bound(model.train(), *all_of(rows), priors, TrainConfig())
    torch.stack(list(losses.values())).sum().backward()
    for key, parameter in model.named_parameters():
        assert parameter.grad is not None, key
        assert parameter.grad.abs().sum() > 0, key


@pytest.mark.parametrize("name", RECIPES)
def test_the_losses_fall_in_warm_up(name: str, data: Data) -> None:
    records = []
    recipe = small(
        name, warm_up_epochs=60, learn_epochs=0, learn_steps=0, batch_size=0, warm_up_rate=3e-3
    )
    fitted(data, recipe, on_step=records.append)
    totals = [sum(record.losses.values()) for record in records]
    assert np.mean(totals[-10:]) < np.mean(totals[:10])
    assert records[-1].step == records[-1].steps == len(records)


@pytest.mark.parametrize("name", ["best", "mmvae"])
def test_the_kl_term_is_measured_from_each_rows_own_class_prior(name: str, data: Data) -> None:
    model, rows = prepare(*data.arrays(), small(name).model)
    model.eval()
    x, y = all_of(rows)
    priors = torch.randn(SEEN, 16, generator=torch.Generator().manual_seed(0))
    mu, logvar = model.encoder(x)
    q = Independent(Normal(mu, (0.5 * logvar).exp()), 1)
    p = Independent(Normal(priors[y], 1.0), 1)
    losses = bound(model, x, y, priors, TrainConfig(bound_weight=0.5, kl_weight=0.1))
    torch.testing.assert_close(losses["kl"], 0.05 * kl_divergence(q, p).mean())


@pytest.mark.parametrize("name", ["sgal", "best", "best-dropout"])
def test_unseen_classes_alone_are_generated_from_the_priors_that_decide(
    name: str, data: Data, generated: Generated
) -> None:
    recipe = small(name, warm_up_epochs=2, learn_epochs=10, learn_rate=0.0)
    priors = fitted(data, recipe).class_priors(torch.tensor(data.attributes))  # dropout is off in both
    distances, classes = torch.cdist(torch.cat(generated.priors), priors).min(1)
    torch.testing.assert_close(distances, torch.zeros(len(distances)), atol=5e-3, rtol=0)
    counts = classes.bincount(minlength=SEEN + UNSEEN)
    assert not counts[:SEEN].any()
    assert counts[SEEN:].min() > counts[SEEN:].max() / 2  # uniformly


@pytest.mark.parametrize(("name", "count"), [("sgal-dropout", 5), ("best-dropout", 5), ("sgal", 1)])
def test_dropout_recipes_generate_five_unlike_features_for_each_latent(
    name: str, count: int, data: Data, generated: Generated
) -> None:
    fitted(data, small(name, warm_up_epochs=1, learn_epochs=1, noise="unit"))
    for priors, features in zip(generated.priors, generated.features, strict=True):
        samples = features.reshape(count, len(priors), -1)
        for other in range(1, count):
            alike = torch.isclose(samples[0], samples[other]).all(dim=1)
            assert alike.float().mean() < 0.1  # a few of sixteen latents may be dropped alike


@pytest.mark.parametrize("name", ["best", "best-dropout"])
def test_our_recipes_generate_with_the_noise_that_seen_classes_show(
    name: str, data: Data, generated: Generated
) -> None:
    model = fitted(data, small(name, warm_up_epochs=2, learn_epochs=1))
    generator = torch.Generator().manual_seed(0)
    (noise,) = set(generated.noises)
    x, y = model.feature_scaling(torch.tensor(data.features)), torch.tensor(data.labels)
    assert len(noise.of_latents(500, generator).unique(dim=0)) == SEEN
    rows = noise.of_features(500, generator)
    centres = torch.stack([x[y == row].mean(0) for row in range(SEEN)])
    nearest = torch.cdist(rows, x - centres[y]).min(1).values
    torch.testing.assert_close(nearest, torch.zeros(500), atol=5e-3, rtol=0)


@pytest.mark.parametrize("name", ["sgal", "sgal-dropout", "best", "best-dropout"])
def test_a_share_of_a_batch_is_generated_and_carries_its_classes(
    name: str, data: Data, generated: Generated, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = []

    def logged(model: MultiModalVAE, x: torch.Tensor, y: torch.Tensor, *rest: Any) -> Any:
        batches.append((x, y, rest[0]))
        return bound(model, x, y, *rest)

    monkeypatch.setattr("zsl_images.model.training.bound", logged)
    recipe = small(name, warm_up_epochs=0, learn_epochs=1, learn_rate=0.0, seen_only_probability=0.0)
    model = fitted(data, recipe)
    priors = model.class_priors(torch.tensor(data.attributes))
    priors = model.known_longer(priors, torch.tensor(data.is_seen))
    for (x, y, of_bound), means, features in zip(
        batches, generated.priors, generated.features, strict=True
    ):
        count = len(features)
        assert count / len(x) == pytest.approx(recipe.training.generated_share, abs=0.05)
        assert torch.equal(x[-count:], features)
        assert (y[:-count] < SEEN).all()
        torch.testing.assert_close(priors[y[-count:]], means.repeat(count // len(means), 1))
        torch.testing.assert_close(of_bound, priors)  # the prior network's dropout is off


def test_steps_of_generate_and_learn_can_be_counted_whatever_the_rows(data: Data) -> None:
    records: list[StepRecord] = []
    fitted(data, small("best", learn_steps=7), on_step=records.append)
    assert [(record.step, record.steps) for record in records] == [(n, 7) for n in range(1, 8)]


@pytest.mark.parametrize("name", ["best", "best-dropout"])
def test_our_recipes_change_the_encoder_alone_in_generate_and_learn(name: str, data: Data) -> None:
    before = fitted(data, small(name, warm_up_epochs=2, learn_epochs=0, learn_steps=0)).state_dict()
    after = fitted(data, small(name, warm_up_epochs=2, learn_epochs=2)).state_dict()
    changed = {key.partition(".")[0] for key in before if not torch.equal(before[key], after[key])}
    assert changed == {"encoder"}


@pytest.mark.parametrize("name", ["sgal", "sgal-dropout"])
def test_the_papers_recipes_change_every_parameter_in_generate_and_learn(name: str, data: Data) -> None:
    """Without the hinge between class priors, the prior network learns from the KL term alone."""
    recipe = small(name, regularisation_weight=0.0, warm_up_epochs=2, learn_epochs=2)
    before = fitted(data, replace(recipe, training=replace(recipe.training, learn_epochs=0)))
    after = fitted(data, recipe)
    parameters = dict(before.named_parameters())
    for key, parameter in after.named_parameters():
        assert not torch.equal(parameter, parameters[key]), key
    buffers = dict(before.named_buffers())
    for key, buffer in after.named_buffers():
        assert torch.equal(buffer, buffers[key]), key  # batch norm keeps its statistics


def test_an_extra_step_on_seen_rows_follows_every_other_step(
    data: Data, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = []

    def logged(model: MultiModalVAE, x: torch.Tensor, y: torch.Tensor, *rest: Any) -> Any:
        labels.append(y)
        return bound(model, x, y, *rest)

    monkeypatch.setattr("zsl_images.model.training.bound", logged)
    fitted(data, small("sgal", warm_up_epochs=0, learn_epochs=100))
    of_seen = sum(bool((y < SEEN).all()) for y in labels)
    assert of_seen / (len(labels) - of_seen) == pytest.approx(0.5, abs=0.1)


def test_without_unseen_classes_there_is_only_warm_up(data: Data) -> None:
    phases = set()
    seen = replace(data, attributes=data.attributes[:SEEN], is_seen=data.is_seen[:SEEN])
    recipe = small("best", warm_up_epochs=1)
    fitted(seen, recipe, on_step=lambda record: phases.add(record.phase))
    assert phases == {"training: warm-up"}


def test_a_kernel_prior_follows_the_encoder_through_warm_up(data: Data) -> None:
    model, rows = prepare(*data.arrays(), small("best").model)
    list(warm_up(model, rows, small("best", warm_up_epochs=3).training, torch.Generator()))
    found = model.prior.weight.clone()
    settle(model, rows)
    torch.testing.assert_close(found, model.prior.weight)


def test_the_order_of_classes_in_the_table_is_no_matter(data: Data) -> None:
    order = np.random.default_rng(0).permutation(SEEN)  # of the unseen ones it is: they are drawn
    order = np.concatenate([[SEEN], order, np.arange(SEEN + 1, SEEN + UNSEEN)])
    shuffled = Data(
        data.features, np.argsort(order)[data.labels], data.attributes[order], data.is_seen[order]
    )
    recipe = small("best", warm_up_epochs=3, learn_epochs=3)
    first, second = fitted(data, recipe), fitted(shuffled, recipe)
    x, a = torch.tensor(data.features), torch.tensor(data.attributes)
    torch.testing.assert_close(second.scores(x, a), first.scores(x, a), rtol=1e-3, atol=0.3)


def test_unseen_classes_are_told_apart(data: Data) -> None:
    model, unseen = fitted(data, small("best")), small_data(of_unseen=True)
    scores = model.scores(torch.tensor(unseen.features), torch.tensor(unseen.attributes[SEEN:]))
    assert (scores.argmax(1).numpy() == unseen.labels - SEEN).mean() > 0.7  # chance is a quarter


def test_fewer_rows_than_latents_is_no_trouble(data: Data) -> None:
    few = np.flatnonzero(np.arange(len(data.labels)) % 15 == 0)
    small_set = replace(data, features=data.features[few], labels=data.labels[few])
    model = fitted(small_set, small("best", learn_epochs=1))
    assert torch.isfinite(model.latents(torch.from_numpy(data.features))).all()


@pytest.mark.parametrize("name", ["best-dropout", "sgal-dropout"])
def test_training_makes_every_tensor_on_the_models_device(name: str, data: Data) -> None:
    """With `meta` as default device, a tensor made without a device would hold no values."""

    def trained(device: str) -> dict[str, torch.Tensor]:
        recipe = small(name, warm_up_epochs=1, learn_epochs=1, seen_only_probability=0.5)
        torch.manual_seed(0)
        model, rows = prepare(*data.arrays(), recipe.model)
        generator = torch.Generator().manual_seed(0)
        phases = (phase(model, rows, recipe.training, generator) for phase in PHASES)
        with torch.device(device):
            assert len(list(chain.from_iterable(phases))) > 2
        return model.state_dict()

    expected, found = trained("cpu"), trained("meta")
    for key, tensor in found.items():
        assert torch.equal(tensor, expected[key]), key


PHASES = (warm_up, generate_and_learn)
