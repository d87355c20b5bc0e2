"""Measure a taxonomy: how often each level is right, and how many photos get an answer and a right one.

    python tests/benchmarks/roll_up.py PHOTOS HEAD TAXONOMY [--min-confidence 0.8]

PHOTOS has one folder per class; the head must not have learned from them. Figures are in per cent.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from zsl_images.classes.taxonomy import Taxonomy, deepest
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.features.extraction import labelled_features
from zsl_images.model.scoring import class_probabilities


def main() -> None:
    """Print the two tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("head")
    parser.add_argument("taxonomy", type=Path)
    parser.add_argument("--min-confidence", type=float, default=0.8)
    arguments = parser.parse_args()
    classifier, taxonomy = ZeroShotClassifier.load(arguments.head), Taxonomy.read(arguments.taxonomy)
    table, head = classifier.table, classifier.head
    features, labels = labelled_features(arguments.photos, table.names, classifier.backbone)
    scores = head.scores(table, features.features) - head.calibration.seen_penalty * head.penalised(
        table
    )
    every = class_probabilities(scores, head.calibration.temperature)
    roll_up = taxonomy.of(table.names)
    found = [roll_up(probabilities) for probabilities in every]
    truth = [taxonomy.lineages[label] for label in labels]
    levels = [[level.label for level in photo] for photo in found]
    is_right = np.array(levels) == np.array(truth)  # (N, V)
    print(f"| {arguments.photos.name}, {len(labels)} photos | likeliest group is right |\n|---|---|")
    for level, share in zip(taxonomy.levels, 100 * is_right.mean(axis=0), strict=True):
        print(f"| {level} | {share:.1f} |")
    answers = [deepest(photo, arguments.min_confidence) for photo in found]
    place = np.array([taxonomy.levels.index(a.level) if a else -1 for a in answers])
    print(f"\n| answered at {arguments.min_confidence} | photos | right |\n|---|---|---|")
    rows = [(name, place == at) for at, name in enumerate(taxonomy.levels)]
    for name, chosen in [*rows, ("at any level", place >= 0)]:
        right = is_right[chosen, place[chosen]]
        print(f"| {name} | {100 * chosen.mean():.1f} | {100 * right.mean() if len(right) else 0:.1f} |")


if __name__ == "__main__":
    main()
