"""Measure what is called unknown: held-out photos, pictures of no animal, textures, other animals.

    python tests/benchmarks/unknowns.py HEAD PHOTOS [--attributes TABLE] [--taxonomy TABLE]
        [--others FOLDER...] [--max-unknown 0.05]

PHOTOS has one folder per class; the head must not have learned from them. Photos of classes that are no
candidates, and those in the folders OTHERS, should be unknown. So should the pictures of the package
scikit-image that show no animal, and a hundred drawn textures. Figures are in per cent of the photos.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.defaults import MAX_UNKNOWN
from zsl_images.errors import ImageError
from zsl_images.features.extraction import folder_features, labelled_features, stream_features
from zsl_images.features.photo_paths import find_labelled_images
from zsl_images.names import matched

ANIMALS = ("chelsea.png", "horse.png")
"""Pictures of scikit-image that show an animal."""

SIZE = (240, 320)


def textures(count: int) -> list[Image.Image]:
    """Drawn textures of ten kinds: noise, stripes, checks, bricks, dots, shades, plain colour."""
    return [_texture(number) for number in range(count)]


def _texture(number: int) -> Image.Image:
    rng = np.random.default_rng([0, number])
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    angle, period = rng.uniform(0, np.pi), rng.uniform(6, 60)
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    kinds: list[npt.NDArray[Any]] = [
        rng.random(SIZE),
        _smooth(rng, period),
        np.sin(2 * np.pi * u / period),
        (u // period + v // period) % 2,
        u,
        ((v // period % 2 * period / 2 + u) % period / period > 0.1) * 1.0,
        (np.hypot(u % period - period / 2, v % period - period / 2) < period / 3) * 1.0,
        sum(_smooth(rng, 2.0**k) * 2.0**k for k in range(1, 6)) * 1.0,
        _smooth(rng, period) * np.sin(2 * np.pi * v / period),
        np.zeros(SIZE),
    ]
    shade = kinds[number % len(kinds)]
    shade = (shade - shade.min()) / (np.ptp(shade) or 1)
    dark, light = rng.uniform(0, 255, (2, 3))
    grain = rng.normal(0, rng.uniform(0, 12), (*SIZE, 3))
    picture = dark + (light - dark) * shade[..., None] + grain
    return Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))


def _smooth(rng: np.random.Generator, period: float) -> npt.NDArray[Any]:
    """Noise whose smallest details are about this many pixels long."""
    small = rng.random((max(2, round(SIZE[0] / period)), max(2, round(SIZE[1] / period))))
    image = Image.fromarray(small.astype(np.float32)).resize(SIZE[::-1], Image.Resampling.BICUBIC)
    return np.asarray(image)


def features_of(images: Sequence[Any], classifier: ZeroShotClassifier) -> npt.NDArray[np.float32]:
    """Features of the images that can be read."""
    found = [f for _, batch in stream_features(images, classifier.backbone) for f in batch]
    return np.stack([f for f in found if not isinstance(f, ImageError)]).astype(np.float32)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("head")
    parser.add_argument("photos", type=Path)
    parser.add_argument("--attributes")
    parser.add_argument("--taxonomy")
    parser.add_argument("--min-confidence", type=float, default=0.8, help="with --taxonomy")
    parser.add_argument("--others", type=Path, nargs="*", default=())
    parser.add_argument("--max-unknown", type=float, default=MAX_UNKNOWN)
    arguments = parser.parse_args()
    whole = ZeroShotClassifier.load(arguments.head).with_max_unknown(arguments.max_unknown)
    classifier = whole
    if arguments.attributes:
        classifier = whole.with_classes(ClassTable.read(arguments.attributes))
    grouped = classifier
    if arguments.taxonomy:
        grouped = classifier.with_taxonomy(arguments.taxonomy)
        grouped = grouped.with_min_confidence(arguments.min_confidence)
    folders = list(find_labelled_images(arguments.photos))
    names = [*classifier.table.names]
    names += [name for name in folders if name not in matched(folders, names, "the table")]
    found, labels = labelled_features(arguments.photos, names, classifier.backbone)
    features, truth = found.features, np.array(labels)
    is_candidate = np.isin(truth, classifier.table.names)
    show_known(classifier, features[is_candidate], truth[is_candidate])
    data = Path(str(files("skimage") / "data"))
    pictures = [
        path for path in sorted(data.iterdir()) if path.suffix in (".png", ".jpg", ".tif", ".gif")
    ]
    sets = {
        "scikit-image's pictures without animals": features_of(
            [path for path in pictures if path.name not in ANIMALS], classifier
        ),
        "drawn textures": features_of(textures(100), classifier),
        "animals that are no candidates": features[~is_candidate],
    }
    for folder in arguments.others:
        sets[folder.name] = folder_features(folder, classifier.backbone).features
    print("\n| photos | number | unknown | with a label | with a group, if groups are asked for |")
    print("|---|---|---|---|---|")
    for what, rows in sets.items():
        if len(rows):
            plain, groups = classifier.label_features(rows), grouped.label_features(rows)
            answered = np.mean([answer is not None for answer in groups.answers])
            shares = plain.is_unknown.mean(), plain.is_answered.mean(), answered
            print(f"| {what} | {len(rows)} | " + " | ".join(f"{100 * s:.1f}" for s in shares) + " |")


def show_known(
    classifier: ZeroShotClassifier, features: npt.NDArray[np.float32], truth: npt.NDArray[Any]
) -> None:
    """Print what the rule costs photos of candidates: those of seen classes, and of unseen ones."""
    decisions = classifier.label_features(features)
    names = np.array(classifier.table.names)
    is_right = names[decisions.rows[:, 0]] == truth
    of_seen = np.isin(truth, classifier.table.seen_names)
    print("| photos of candidates | number | right without the rule | right with it | unknown |")
    print("|---|---|---|---|---|")
    for what, rows in (("seen", of_seen), ("unseen", ~of_seen)):
        if rows.any():
            unknown = decisions.is_unknown[rows]
            shares = is_right[rows].mean(), (is_right[rows] & ~unknown).mean(), unknown.mean()
            print(f"| {what} | {rows.sum()} | " + " | ".join(f"{100 * s:.1f}" for s in shares) + " |")


if __name__ == "__main__":
    main()
