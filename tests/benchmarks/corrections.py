"""Measure what corrected labels give: five photos for each of the ten classes that most photos fail.

    python tests/benchmarks/corrections.py PHOTOS CLASSES.csv [--seeds 3] [--photos-of-class N...]

PHOTOS has one folder per class, CLASSES.csv a row for each of them and for the unseen classes. Half of
the photos of each class train a head, a quarter are looked through, and the last quarter is measured.
Of the ten classes with the lowest accuracy in the second part, five photos each are corrected, those
first whose label is wrong. The setting of `CorrectConfig` was chosen on four fifths of the photos
(`most` of `photo_folders.py`). Figures are differences of per-class top-1 in points: means over seeds.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_table import ClassTable
from zsl_images.features.backbones import load_backbone
from zsl_images.features.extraction import labelled_features
from zsl_images.head.correcting import CorrectConfig, correct_classes
from zsl_images.head.fit import train_on_features
from zsl_images.head.head import Head
from zsl_images.metrics import per_class_accuracy

CLASSES, CORRECTIONS = 10, 5


def predicted(head: Head, features: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """Rows of the likeliest classes, (N,)."""
    penalty = head.calibration.seen_penalty * head.penalised(head.table)
    found: npt.NDArray[np.int64] = (head.scores(head.table, features) - penalty).argmax(axis=1)
    return found


def parts(labels: npt.NDArray[np.int64], seed: int) -> list[npt.NDArray[np.int64]]:
    """Rows to learn from (half of each class), to look through, and to measure (a quarter each)."""
    generator = np.random.default_rng(50 + seed)
    found: list[list[int]] = [[], [], []]
    for label in np.unique(labels):
        rows = generator.permutation(np.flatnonzero(labels == label))
        split = np.split(rows, [len(rows) // 2, int(len(rows) * 0.75)])
        for part, some in zip(found, split, strict=True):
            part += some.tolist()
    return [np.array(part) for part in found]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("classes")
    parser.add_argument("--seeds", type=int, default=3)
    default = CorrectConfig().photos_of_class
    parser.add_argument("--photos-of-class", type=float, nargs="*", default=[default])
    arguments = parser.parse_args()
    table = ClassTable.read(arguments.classes)
    found, names = labelled_features(arguments.photos, table.names, load_backbone())
    features, labels = found.features, table.rows_of(names)
    gains: dict[float, list[tuple[float, float]]] = {n: [] for n in arguments.photos_of_class}
    for seed in range(arguments.seeds):
        learned, looked, measured = parts(labels, seed)
        head = train_on_features(features[learned], labels[learned], table, seed=seed, folds=1)
        truth, given = labels[looked], predicted(head, features[looked])
        accuracy = per_class_accuracy(truth, given)
        worst = sorted(accuracy, key=lambda k: accuracy[k])[:CLASSES]
        order = np.argsort(given == truth, kind="stable")  # wrong ones first
        rows = np.concatenate([looked[order[truth[order] == k][:CORRECTIONS]] for k in worst])
        right = [table.names[k] for k in labels[rows]]
        before = per_class_accuracy(labels[measured], predicted(head, features[measured]))
        for n, differences in gains.items():
            better = correct_classes(
                head, features[rows], right, config=CorrectConfig(photos_of_class=n)
            )
            after = per_class_accuracy(labels[measured], predicted(better, features[measured]))
            of_worst = [after[k] - before[k] for k in worst]
            of_others = [after[k] - before[k] for k in before if k not in worst]
            differences.append((float(np.mean(of_worst)), float(np.mean(of_others))))
    print("| photos of class | corrected classes | others |\n|---|---|---|")
    for n, differences in gains.items():
        corrected, others = 100 * np.mean(differences, axis=0)
        print(f"| {n:g} | {corrected:+.1f} | {others:+.2f} |")


if __name__ == "__main__":
    main()
