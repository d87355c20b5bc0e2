"""Compare heads trained on attributes, on descriptions and on both.

    python tests/benchmarks/descriptions.py DATASET_DIR... [--descriptions animals.csv] [--seeds 3]

The recipe `best` runs on four folds, each of which treats a quarter of the seen classes as unseen; test
rows are not used. Figures are means over folds and seeds, per-class top-1 in per cent; u, s and H are
without a seen penalty. With `--test` it runs once on the data set's own split, as `zsl benchmark` does.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.descriptions import load_text_encoder, read_descriptions
from zsl_images.defaults import DEFAULT_TEXT_ENCODER
from zsl_images.evaluation.benchmarks import run
from zsl_images.evaluation.xlsa17 import Benchmark, read_xlsa17
from zsl_images.metrics import gzsl_report
from zsl_images.model.recipes import recipe_named
from zsl_images.model.training import fit

FIGURES = ("T", "u", "s", "H", "best_H", "AUSUC")


def of_folds(data: Benchmark, seeds: int) -> Iterator[list[float]]:
    """Figures of each fold and seed."""
    rows = data.rows["trainval"]
    present = np.unique(data.labels[rows])
    classes = np.random.default_rng(7).permutation(present)
    for which in range(4):
        is_unseen = np.isin(data.labels[rows], classes[which::4])
        is_held_out = np.random.default_rng(100 + which).random(len(rows)) < 0.2
        train, held_out = rows[~is_unseen & ~is_held_out], rows[is_unseen | is_held_out]
        labels = np.searchsorted(present, data.labels)
        table = data.table.select([data.table.names[k] for k in present])
        table = table.with_seen([table.names[k] for k in np.unique(labels[train])])
        for seed in range(seeds):
            model = fit(
                data.features[train],
                labels[train],
                table.attributes,
                table.is_seen,
                recipe_named("best"),
                seed,
                text_dim=table.text_dim,
            )
            scores = model.scores(
                torch.tensor(data.features[held_out]), torch.tensor(table.attributes)
            ).numpy()
            report = gzsl_report(scores, labels[held_out], table.is_seen, 0.0)
            yield [100 * report[name] for name in FIGURES]


def main() -> None:
    """Print a table for each data set."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("datasets", type=Path, nargs="+")
    parser.add_argument("--descriptions", type=Path, default=Path(__file__).parent / "animals.csv")
    parser.add_argument("--encoder", default=DEFAULT_TEXT_ENCODER)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--test", action="store_true", help="the data set's own split, once")
    arguments = parser.parse_args()
    words = read_descriptions(arguments.descriptions, load_text_encoder(arguments.encoder))
    for folder in arguments.datasets:
        data = read_xlsa17(folder)
        described = words.select(data.table.names)
        text = replace(described, is_seen=data.table.is_seen)
        tables: dict[str, ClassTable] = {
            "attributes": data.table,
            "descriptions": text,
            "both": data.table.beside(described),
        }
        print(f"| {folder.name} | {' | '.join(FIGURES)} |\n|---|{'---|' * len(FIGURES)}", flush=True)
        for name, table in tables.items():
            mine = replace(data, table=table)
            if arguments.test:
                figures = run(mine, "best", arguments.seeds).figures
                cells = [f"{figures[key].mean:.1f} ± {figures[key].sd:.1f}" for key in FIGURES]
            else:
                cells = [f"{v:.1f}" for v in np.mean(list(of_folds(mine, arguments.seeds)), axis=0)]
            print(f"| {name} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
