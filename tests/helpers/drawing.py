"""Pictures that tests draw, since no photo of anyone is kept here."""

from __future__ import annotations

import numpy as np
from PIL import Image

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.features.extraction import stream_features

COLOURS = {
    "red": (200, 40, 40),
    "green": (40, 180, 60),
    "blue": (40, 60, 200),
    "yellow": (210, 200, 40),
    "cyan": (40, 200, 200),
    "magenta": (200, 40, 200),
    "grey": (120, 120, 120),
    "orange": (220, 130, 30),
}


UNSEEN = ("orange", "cyan")


def draw(colour: str, seed: int, size: tuple[int, int] = (48, 40)) -> Image.Image:
    """A noisy picture of one colour."""
    rng = np.random.default_rng([seed, *COLOURS[colour]])
    noise = rng.normal(0, 12, (size[1], size[0], 3)) + rng.normal(0, 10, 3)
    return Image.fromarray(np.clip(np.array(COLOURS[colour]) + noise, 0, 255).astype(np.uint8))


def features_of(classifier: ZeroShotClassifier, colours: list[str], seeds: range) -> np.ndarray:
    """Features of drawn pictures, one per colour and seed."""
    images = [draw(colour, seed) for colour in colours for seed in seeds]
    ((_, features),) = stream_features(images, classifier.backbone, len(images))
    return np.stack(features).astype(np.float32)
