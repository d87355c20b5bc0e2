"""Draw photos of coloured shapes, seen and unseen, to try training without real photos.

    python tests/benchmarks/drawn_photos.py OUT

OUT receives `photos/` (seen classes), `test/` (all classes) and `classes.csv`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from zsl_images.classes.class_table import ClassTable

SHAPES = {"disc": (100.0, 0.0), "box": (0.0, 100.0)}
COLOURS = {
    "red": (200, 40, 40),
    "green": (40, 170, 60),
    "blue": (40, 60, 200),
    "yellow": (220, 200, 40),
    "violet": (150, 50, 190),
}
UNSEEN = ("yellow_disc", "violet_box")


def main(out: Path) -> None:
    """Draw everything."""
    names = [f"{colour}_{shape}" for colour in COLOURS for shape in SHAPES]
    attributes = [
        [*(value / 2.55 for value in rgb), *roundness]
        for rgb in COLOURS.values()
        for roundness in SHAPES.values()
    ]
    columns = ("red", "green", "blue", "round", "angular")
    out.mkdir(parents=True, exist_ok=True)
    ClassTable(tuple(names), columns, np.array(attributes)).write(out / "classes.csv")
    rng = np.random.default_rng(0)
    for name in names:
        for number in range(20):
            part = "photos" if number < 12 else "test"
            if part == "photos" and name in UNSEEN:
                continue
            path = out / part / name / f"{number:02}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            draw(name, rng).save(path)


def draw(name: str, rng: np.random.Generator) -> Image.Image:
    """A picture of a class: a shape in its colour on a noisy background."""
    colour, shape = name.split("_")
    image = Image.fromarray(rng.integers(90, 160, (160, 200, 3), np.uint8))
    size = int(rng.integers(60, 120))
    left, top = int(rng.integers(0, 200 - size)), int(rng.integers(0, 160 - size))
    shade = tuple(int(np.clip(v + rng.normal(0, 15), 0, 255)) for v in COLOURS[colour])
    pen = ImageDraw.Draw(image)
    draw_shape = pen.ellipse if shape == "disc" else pen.rectangle
    draw_shape((left, top, left + size, top + size), fill=shade)
    return image


if __name__ == "__main__":
    main(Path(sys.argv[1]))
