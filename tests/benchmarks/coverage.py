"""Measure how many label sets hold the right label, and how large they are.

    python tests/benchmarks/coverage.py HEAD PHOTOS [--calibrate] [--seeds 5]

PHOTOS has one folder per class; the head must not have learned from them. All classes of the head are
candidates. With --calibrate, half of the photos first calibrate the head (`zsl calibrate`), and the
others are measured: means over seeds. Figures are in per cent of the photos.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.features.extraction import labelled_features
from zsl_images.head.feature_classifier import FeatureClassifier
from zsl_images.head.recalibrating import recalibrated

LEVELS = (0.8, 0.9, 0.95)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("head")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--calibrate", action="store_true")
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    classifier = ZeroShotClassifier.load(arguments.head)
    found, names = labelled_features(arguments.photos, classifier.table.names, classifier.backbone)
    truth = np.array(names)

    def trials() -> Iterator[tuple[FeatureClassifier, npt.NDArray[Any]]]:
        """A classifier, and the photos that it is measured on."""
        if not arguments.calibrate:
            yield classifier, np.arange(len(truth))
            return
        for seed in range(arguments.seeds):
            order = np.random.default_rng(seed).permutation(len(truth))
            half, rest = np.split(order, [len(order) // 2])
            yield (
                classifier.with_head(
                    recalibrated(classifier.own_head(), found.features[half], truth[half].tolist())
                ),
                rest,
            )

    print(f"{len(truth)} photos")
    print("| asked for | sets with the right label | labels per set | empty sets |\n|---|---|---|---|")
    figures: dict[float, list[tuple[float, float, float]]] = {level: [] for level in LEVELS}
    for one, rows in trials():
        for level in LEVELS:
            sets = one.with_coverage(level).label_features(found.features[rows]).label_sets
            held = [label in (s or ()) for label, s in zip(truth[rows], sets, strict=True)]
            sizes = np.array([len(s or ()) for s in sets])
            figures[level].append((float(np.mean(held)), sizes.mean(), float((sizes == 0).mean())))
    for level, rows_of_level in figures.items():
        held_share, size, empty = np.mean(rows_of_level, axis=0)
        print(f"| {100 * level:.0f} | {100 * held_share:.1f} | {size:.2f} | {100 * empty:.1f} |")


if __name__ == "__main__":
    main()
