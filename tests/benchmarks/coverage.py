"""Measure how many label sets hold the right label, and how large they are.

    python tests/benchmarks/coverage.py PHOTOS CLASSES.csv [--splits 5] [--folds 1]
    python tests/benchmarks/coverage.py PHOTOS CLASSES.csv --head HEAD [--calibrate] [--splits 5]

PHOTOS has one folder per class, CLASSES.csv a row for each of them and for unseen classes, which are
candidates too. Each split trains a head on four fifths of the photos and measures sets of the others.
With --head, the photos are measured with a head that did not learn from them; with --calibrate, half of
them calibrate it first (`zsl calibrate`). Figures are in per cent of the photos: the mean over splits,
and in brackets the lowest and the highest.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zsl_images.classes.class_table import ClassTable
from zsl_images.features.backbones import load_backbone
from zsl_images.features.extraction import labelled_features
from zsl_images.head.feature_classifier import FeatureClassifier
from zsl_images.head.fit import train_on_features
from zsl_images.head.folds import hold_out
from zsl_images.head.recalibrating import recalibrated

LEVELS = (0.8, 0.9, 0.95)

Features = npt.NDArray[np.float32]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("classes")
    parser.add_argument("--head")
    parser.add_argument("--calibrate", action="store_true")
    parser.add_argument("--splits", type=int, default=5)
    parser.add_argument("--folds", type=int, default=1)
    arguments = parser.parse_args()
    table = ClassTable.read(arguments.classes)
    found, names = labelled_features(arguments.photos, table.names, load_backbone())
    truth = np.array(names)
    if arguments.head:
        head = FeatureClassifier.load(arguments.head)
        splits = arguments.splits if arguments.calibrate else 0
        trials = with_head(head, found.features, truth, splits)
    else:
        trials = trained(table, found.features, truth, arguments.splits, arguments.folds)
    figures: dict[float, list[tuple[float, float, float]]] = {level: [] for level in LEVELS}
    for classifier, rows in trials:
        for level in LEVELS:
            sets = classifier.with_coverage(level).label_features(found.features[rows]).label_sets
            held = [label in (s or ()) for label, s in zip(truth[rows], sets, strict=True)]
            sizes = np.array([len(s or ()) for s in sets])
            figures[level].append((float(np.mean(held)), sizes.mean(), float((sizes == 0).mean())))
    print("| asked for | sets with the right label | labels per set | empty sets |\n|---|---|---|---|")
    for level, measured in figures.items():
        shares = 100 * np.array(measured)[:, 0]
        spread = f"{shares.mean():.1f} ({shares.min():.1f} to {shares.max():.1f})"
        _, size, empty = np.mean(measured, axis=0)
        print(f"| {100 * level:.0f} | {spread} | {size:.2f} | {100 * empty:.1f} |")


def with_head(
    head: FeatureClassifier, features: Features, truth: npt.NDArray[Any], splits: int
) -> Iterator[tuple[FeatureClassifier, npt.NDArray[Any]]]:
    """The head with all photos; or calibrated to half of them, with the others, once per split."""
    if not splits:
        yield head, np.arange(len(truth))
    for seed in range(splits):
        half, rest = np.split(np.random.default_rng(seed).permutation(len(truth)), [len(truth) // 2])
        fitted = recalibrated(head.own_head(), features[half], truth[half].tolist())
        yield head.with_head(fitted), rest


def trained(
    table: ClassTable, features: Features, truth: npt.NDArray[Any], splits: int, folds: int
) -> Iterator[tuple[FeatureClassifier, npt.NDArray[Any]]]:
    """A head that learned from four fifths of the photos, and the others, once per split."""
    labels = table.rows_of(truth)
    for seed in range(splits):
        split = hold_out(labels, np.random.default_rng(100 + seed), np.empty(0, np.int64))
        rows = split.train
        head = train_on_features(features[rows], labels[rows], table, seed=seed, folds=folds)
        yield FeatureClassifier.of(head), split.seen


if __name__ == "__main__":
    main()
