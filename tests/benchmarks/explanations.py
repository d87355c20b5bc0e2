"""Compare ways to explain labels, by removing the attributes that each of them puts first.

    python tests/benchmarks/explanations.py DATASET_DIR... [--test]

An attribute is removed by filling its column with its mean. The table shows how far the label's score
(negative squared distance), its probability (per cent) and its lead over the runner-up fall, next to
the same for random attributes. `wins` is the percentage of photos whose score, probability and lead
fall further than for random attributes, ten of which are drawn.

Photos are the held-out ones of four folds, each of which treats a quarter of the seen classes as
unseen. With `--test` they are the test photos, used once, of a head trained on all of trainval.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from zsl_images.evaluation.xlsa17 import Benchmark, read_xlsa17
from zsl_images.head.calibration import Calibration, fit_temperature
from zsl_images.head.explanations import Explainer
from zsl_images.head.head import BackboneInfo, Head
from zsl_images.model.recipes import recipe_named
from zsl_images.model.scoring import class_probabilities, class_scores
from zsl_images.model.training import fit

COUNTS = (1, 3)


def gradients(head: Head, latent: np.ndarray, attributes: np.ndarray) -> np.ndarray:
    """Gradient of the score of classes (K, A) with respect to their attributes: (K, A)."""
    a = torch.tensor(attributes, requires_grad=True)
    priors = head.model.class_priors(a)
    class_scores(torch.from_numpy(latent[None]), priors).sum().backward()
    return a.grad.numpy()


def occlusion(explainer: Explainer, latent: np.ndarray, label: int, other: int) -> np.ndarray:
    """Influences as `classifier.explain` measures them."""
    return explainer.influences(latent, label, other)


def gradient_by_difference(
    explainer: Explainer, latent: np.ndarray, label: int, other: int
) -> np.ndarray:
    """Mean gradient at both classes, times the difference of their attributes."""
    attributes = explainer.table.attributes[[label, other]]
    return gradients(explainer.head, latent, attributes).mean(0) * (attributes[0] - attributes[1])


def gradient_by_mean(explainer: Explainer, latent: np.ndarray, label: int, other: int) -> np.ndarray:
    """Gradient of the lead times the difference from the table's mean."""
    attributes = explainer.table.attributes[[label, other]]
    found = gradients(explainer.head, latent, attributes) * (attributes - explainer.mean)
    return found[0] - found[1]


WAYS = {
    "occlusion": occlusion,
    "gradient × difference": gradient_by_difference,
    "gradient × deviation from the mean": gradient_by_mean,
}


def parts(data: Benchmark, is_test: bool) -> Iterator[tuple[Head, np.ndarray]]:
    """Heads, each with the rows that it was not trained on."""
    rows = data.rows["trainval"]
    splits = [(rows, np.concatenate([data.rows["test_seen"], data.rows["test_unseen"]]))]
    if not is_test:
        classes = np.random.default_rng(7).permutation(np.unique(data.labels[rows]))
        splits = []
        for which in range(4):
            is_out = np.isin(data.labels[rows], classes[which::4])
            is_out |= np.random.default_rng(100 + which).random(len(rows)) < 0.2
            splits.append((rows[~is_out], rows[is_out]))
    for train, held_out in splits:
        present = np.unique(data.labels[np.concatenate([train, held_out])])
        table = data.table.select([data.table.names[k] for k in present])
        labels = np.searchsorted(present, data.labels[train])
        table = table.with_seen([table.names[k] for k in np.unique(labels)])
        recipe = recipe_named("best")
        model = fit(data.features[train], labels, table.attributes, table.is_seen, recipe, seed=0)
        frozen = model.frozen()
        scores = frozen.scores(data.features[held_out], table.attributes)
        temperature = fit_temperature(scores, np.searchsorted(present, data.labels[held_out]))
        yield (
            Head(
                frozen, table, BackboneInfo(""), recipe.training, Calibration(temperature=temperature)
            ),
            data.features[held_out],
        )


def falls(head: Head, latent: np.ndarray, taken: np.ndarray, pair: list[int]) -> np.ndarray:
    """How far score, probability and lead of a label fall without some attributes: (3,)."""

    def figures(attributes: np.ndarray) -> np.ndarray:
        scores = class_scores(latent[None], head.priors_of(attributes))
        probability = 100 * class_probabilities(scores, head.calibration.temperature)[0, pair[0]]
        scores = scores[0]
        return np.array([scores[pair[0]], probability, scores[pair[0]] - scores[pair[1]]])

    without = head.table.attributes.copy()
    without[:, taken] = without[:, taken].mean(axis=0)
    return figures(head.table.attributes) - figures(without)


def main() -> None:
    """Print a table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("datasets", type=Path, nargs="+")
    parser.add_argument("--test", action="store_true", help="look at the test photos")
    parser.add_argument("--photos", type=int, default=200, help="at most so many of each head")
    arguments = parser.parse_args()
    for folder in arguments.datasets:
        generator = np.random.default_rng(0)
        found: dict[tuple[str, int], list[np.ndarray]] = {}
        for head, features in parts(read_xlsa17(folder), arguments.test):
            explainer = Explainer(head, head.table)
            rows = generator.permutation(len(features))[: arguments.photos]
            latents = head.frozen.latents(features[rows])
            priors = head.priors_of(head.table.attributes)
            for latent, scores in zip(latents, class_scores(latents, priors), strict=True):
                pair = np.argsort(-scores)[:2].tolist()
                orders = {
                    name: np.argsort(-way(explainer, latent, *pair)) for name, way in WAYS.items()
                }
                for draw in range(10):
                    orders[f"random {draw}"] = generator.permutation(len(explainer.mean))
                for count in COUNTS:
                    for name, order in orders.items():
                        key = (name.split(" ")[0] if "random" in name else name, count)
                        fall = falls(head, latent, order[:count], pair)
                        found.setdefault(key, []).append(fall)
        print(f"| {folder.name} | taken away | score | probability | lead | wins |")
        print(f"|{'---|' * 6}")
        for (name, count), values in found.items():
            every, usual = np.array(values), np.array(found["random", count])
            wins = (
                ""
                if name == "random"
                else " / ".join(
                    f"{100 * share:.0f}" for share in (every > usual.reshape(-1, 10, 3).mean(1)).mean(0)
                )
            )
            cells = " | ".join(f"{value:.2f}" for value in every.mean(axis=0))
            print(f"| {name} | {count} | {cells} | {wins} |", flush=True)


if __name__ == "__main__":
    main()
