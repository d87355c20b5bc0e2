"""Two peers in small, measured by the same protocol as the head.

    python tests/benchmarks/peers.py DATASET_DIR... --out peers.json [--seeds 3]
    zsl benchmark DATASET_DIR --compare peers.json

ESZSL: Romera-Paredes & Torr, "An embarrassingly simple approach to zero-shot learning", ICML 2015.
Class-norm: Skorokhodov & Elhoseiny, "Class Normalization for (Continual?) Generalized Zero-Shot
Learning", ICLR 2021: a network from attributes to feature space, cosine scores, cross-entropy.
The penalty γ and ESZSL's two regularisers are chosen on the validation rows, as for the head.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from zsl_images.evaluation.benchmark_results import BenchmarkResult, mean_and_sd
from zsl_images.evaluation.benchmarks import figures_on_test, validation_fold
from zsl_images.evaluation.xlsa17 import Benchmark, read_xlsa17
from zsl_images.files import check_writable, replacing
from zsl_images.metrics import seen_unseen_curve

Scorer = Callable[[np.ndarray], np.ndarray]
"""Features (N, D) → scores (N, K) of all classes."""

PENALTIES = [10.0**power for power in range(-3, 4)]


def eszsl(
    x: np.ndarray, y: np.ndarray, attributes: np.ndarray, seen: np.ndarray, gamma: float, lam: float
) -> Scorer:
    """W = (XᵀX + γI)⁻¹ XᵀYA (AᵀA + λI)⁻¹; scores are x W aᵀ."""
    a = attributes / np.linalg.norm(attributes, axis=1, keepdims=True)
    scale = np.linalg.norm(x, axis=1).mean()
    x = x / scale
    target = np.where(y[:, None] == seen, 1.0, -1.0)
    left = np.linalg.solve(x.T @ x + gamma * np.eye(x.shape[1]), x.T @ target @ a[seen])
    weight = left @ np.linalg.inv(a[seen].T @ a[seen] + lam * np.eye(a.shape[1]))
    return lambda features: features / scale @ weight @ a.T


class ClassNorm(nn.Module):
    """Attributes (K, A) → class vectors in feature space (K, D), standardised over classes."""

    def __init__(self, attribute_dim: int, feature_dim: int, width: int = 1024) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(attribute_dim, width), nn.Linear(width, width)
        self.third = nn.Linear(width, feature_dim)
        self.norms = nn.ModuleList(nn.BatchNorm1d(width, affine=False) for _ in range(2))
        bound = (3 / (width * feature_dim)) ** 0.5
        nn.init.uniform_(self.third.weight, -bound, bound)

    def forward(self, a: torch.Tensor) -> torch.Tensor:
        """Class vectors of length 1."""
        hidden = self.norms[0](self.second(F.relu(self.first(a))))
        return F.normalize(self.third(self.norms[1](F.relu(hidden))), dim=1)


def class_norm(
    x: np.ndarray, y: np.ndarray, attributes: np.ndarray, seen: np.ndarray, seed: int
) -> Scorer:
    """50 epochs of Adam, cross-entropy of 25·cosine over seen classes."""
    torch.manual_seed(seed)
    a = F.normalize(torch.tensor(attributes), dim=1) * attributes.shape[1] ** 0.5
    net = ClassNorm(attributes.shape[1], x.shape[1])
    optimiser = torch.optim.Adam(net.parameters(), 5e-4, weight_decay=1e-4, fused=True)
    features, labels = F.normalize(torch.tensor(x), dim=1), torch.tensor(np.searchsorted(seen, y))
    for _ in range(50):
        for rows in torch.randperm(len(x)).split(256):
            loss = F.cross_entropy(25 * features[rows] @ net(a[seen]).T, labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    net.eval()

    def scores(features: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return (F.normalize(torch.tensor(features), dim=1) @ net(a).T).numpy()

    return scores


def choose(data: Benchmark, seed: int, name: str) -> tuple[dict[str, float], float]:
    """A peer's settings and γ with the best harmonic mean on the validation rows."""
    fold = validation_fold(data, seed)
    rows = data.rows["trainval"]
    train, held_out = rows[fold.train], rows[np.concatenate([fold.seen, fold.unseen])]
    seen = np.unique(data.labels[train])
    classes = np.union1d(seen, np.unique(data.labels[held_out]))
    labels = np.searchsorted(classes, data.labels[held_out])
    grid = [{"gamma": g, "lam": m} for g, m in itertools.product(PENALTIES, PENALTIES)]
    best: tuple[float, dict[str, float], float] = (-1.0, {}, 0.0)
    for settings in grid if name == "eszsl" else [{}]:
        scorer = train_peer(name, data, train, seed, settings)
        scores = scorer(data.features[held_out])[:, classes]
        curve = seen_unseen_curve(scores, labels, np.isin(classes, seen))
        if curve.best_harmonic_mean > best[0]:
            best = curve.best_harmonic_mean, settings, curve.best_penalty
    return best[1], best[2]


def train_peer(
    name: str, data: Benchmark, rows: np.ndarray, seed: int, settings: dict[str, float]
) -> Scorer:
    """Train a peer on rows."""
    x, y, attributes = data.features[rows], data.labels[rows], data.table.attributes
    if name == "eszsl":
        return eszsl(x, y, attributes, np.unique(y), **settings)
    return class_norm(x, y, attributes, np.unique(y), seed)


def main() -> None:
    """Write one result per peer and data set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("datasets", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--out", type=Path, required=True, help="JSON file of the results")
    arguments = parser.parse_args()
    check_writable(arguments.out)
    results = []
    for folder in arguments.datasets:
        data = read_xlsa17(folder)
        for name in ("eszsl", "class-norm"):
            runs = []
            for seed in range(arguments.seeds):
                start = time.perf_counter()
                settings, penalty = choose(data, seed, name)
                scorer = train_peer(name, data, data.rows["trainval"], seed, settings)
                seconds = time.perf_counter() - start
                figures = figures_on_test(data, lambda r, s=scorer, x=data.features: s(x[r]), penalty)
                runs.append({**figures, "seconds": seconds})
            seeds = tuple(range(arguments.seeds))
            results.append(BenchmarkResult(name, data.name, seeds, mean_and_sd(runs)))
            cells = (f"{key} {figure.mean:.1f}" for key, figure in results[-1].figures.items())
            print(data.name, name, *cells, sep="  ", flush=True)
    with replacing(arguments.out) as temporary:
        temporary.write_text(json.dumps([result.to_dict() for result in results], indent=2), "utf-8")


if __name__ == "__main__":
    main()
