"""Measure what each part of the recipe `best` contributes, on folds of seen classes treated as unseen.

    python tests/benchmarks/ablation.py DATASET_DIR... [--seeds 1]

Test rows are not used. Four folds of a quarter of the seen classes each; per-class top-1 in per cent,
means over folds and seeds. u, s and H are without a seen penalty.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np

from zsl_images.evaluation.xlsa17 import read_xlsa17
from zsl_images.head.fit import train_on_features
from zsl_images.metrics import gzsl_report
from zsl_images.model.config import Recipe
from zsl_images.model.recipes import recipe_named

FIGURES = ("T", "u", "s", "H", "best_H", "AUSUC")


def variants() -> dict[str, Recipe]:
    """Rows of the table: the paper's recipes, then `best` with one part removed or replaced."""
    sgal, best = recipe_named("sgal"), recipe_named("best")
    straight = replace(sgal, training=replace(sgal.training, roll_back_interval=0))
    closed = recipe_named("best-mmvae")
    untrained = replace(closed.model, feature_power=1.0, bandwidth=2.0, shrinkage=0.0, seen_length=1.0)

    def changed(model: dict[str, object] | None = None, **training: object) -> Recipe:
        return Recipe(replace(best.model, **(model or {})), replace(best.training, **training))

    return {
        **{name: recipe_named(name) for name in ("mmvae", "sgal", "sgal-dropout")},
        "sgal, no roll-back": straight,
        "sgal, no roll-back, encoder alone": replace(
            straight, training=replace(straight.training, learning_parts=("encoder",))
        ),
        "closed form: whitening and kernel ridge": replace(closed, model=untrained),
        "best-mmvae": closed,
        "best": best,
        "best, features to the power 1": changed({"feature_power": 1.0}),
        "best, wider kernel": changed({"bandwidth": 2.0}),
        "best, priors of equal length": changed({"shrinkage": 0.0, "seen_length": 1.0}),
        "best, 256 latents": changed({"latent_dim": 256}),
        "best, attributes not standardised": changed({"attribute_scaling": "length"}),
        "best, dense prior network": changed(
            {"prior": "dense"}, noise="unit", warm_up_epochs=10, learning_parts=("encoder", "prior")
        ),
        "best, no cross-entropy": changed(cross_entropy_weight=0.0),
        "best, no bound": changed(bound_weight=0.0),
        "best, unit noise": changed(noise="unit"),
        "best, ten times the steps": changed(learn_steps=1500),
    }


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("datasets", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--only", nargs="*", help="rows to run")
    arguments = parser.parse_args()
    for folder in arguments.datasets:
        data = read_xlsa17(folder)
        rows = data.rows["trainval"]
        classes = np.random.default_rng(7).permutation(np.unique(data.labels[rows]))
        print(f"| {data.name} | {' | '.join(FIGURES)} |\n|---|{'---|' * len(FIGURES)}", flush=True)
        for name, recipe in variants().items():
            if arguments.only and name not in arguments.only:
                continue
            found = []
            for which in range(4):
                is_unseen = np.isin(data.labels[rows], classes[which::4])
                is_held_out = np.random.default_rng(100 + which).random(len(rows)) < 0.2
                train, test = rows[~is_unseen & ~is_held_out], rows[is_unseen | is_held_out]
                present = np.unique(data.labels[rows])
                table = data.table.select([data.table.names[k] for k in present]).with_seen(
                    {data.table.names[k] for k in np.unique(data.labels[train])}
                )
                labels = np.searchsorted(present, data.labels)
                for seed in range(arguments.seeds):
                    training = recipe.training
                    rolls_back = training.roll_back_interval > 0 and training.learn_epochs > 0
                    head = train_on_features(
                        data.features[train],
                        labels[train],
                        table,
                        recipe=recipe,
                        seed=seed,
                        folds=int(rolls_back),  # of the training rows: how far learning helps
                    )
                    scores = head.scores(table, data.features[test])
                    report = gzsl_report(scores, labels[test], table.is_seen, 0.0)
                    found.append([100 * report[key] for key in FIGURES])
            means = " | ".join(f"{value:.1f}" for value in np.mean(found, axis=0))
            print(f"| {name} | {means} |", flush=True)


if __name__ == "__main__":
    main()
