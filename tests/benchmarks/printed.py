"""Compare what `zsl train` prints with what its head then reaches on test photos.

    python tests/benchmarks/printed.py DATASET_DIR... [--recipe best] [--seed 0]

DATASET_DIR has the layout that the field shares (`res101.mat`, `att_splits.mat`). Figures are per-class
top-1 in per cent; those of unseen classes depend most of all on which classes are unseen.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from zsl_images.defaults import DEFAULT_RECIPE
from zsl_images.evaluation.xlsa17 import read_xlsa17
from zsl_images.head.fit import train_on_features
from zsl_images.metrics import accuracies, gzsl_report


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("datasets", type=Path, nargs="+")
    parser.add_argument("--recipe", default=DEFAULT_RECIPE)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    print("| set | figure | printed | true |\n|---|---|---|---|")
    for folder in arguments.datasets:
        data = read_xlsa17(folder)
        rows = data.rows["trainval"]
        head = train_on_features(
            data.features[rows],
            data.labels[rows],
            data.table,
            recipe=arguments.recipe,
            seed=arguments.seed,
        )
        test = np.concatenate([data.rows["test_seen"], data.rows["test_unseen"]])
        calibration, labels = head.calibration, data.labels[test]
        scores = head.scores(head.table, data.features[test])
        is_seen = head.table.is_seen
        seen, unseen = accuracies(scores, labels, is_seen, calibration.seen_penalty)
        true = gzsl_report(scores, labels, is_seen, calibration.balanced_seen_penalty)
        true |= {"seen_accuracy": seen, "unseen_accuracy": unseen}
        for name in ("seen_accuracy", "unseen_accuracy", "T", "u", "s", "H"):
            print(
                f"| {data.name} | {name} | {100 * calibration.metrics[name]:.1f} "
                f"| {100 * true[name]:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
