"""Compare an exported head with `zsl classify`, with a class table that the export has not seen.

    python tests/benchmarks/exported.py PHOTOS FILE TABLE [--head HEAD] [--engine ENGINE]

FILE is what `zsl export` wrote from the same head. Prints how often the likeliest class is the same.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.defaults import AUTO, DEFAULT_HEAD
from zsl_images.errors import ImageError
from zsl_images.features.photo_paths import find_images


def main() -> None:
    """Print agreement and the largest difference of a probability."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("file", type=Path)
    parser.add_argument("table")
    parser.add_argument("--head", default=DEFAULT_HEAD)
    parser.add_argument("--engine", default=AUTO)
    parser.add_argument("--limit", type=int, default=None)
    arguments = parser.parse_args()
    classifier = ZeroShotClassifier.load(arguments.head, engine=arguments.engine)
    classifier = classifier.with_classes(arguments.table)
    table, run = classifier.table, _runner(arguments.file)
    same, photos, furthest = 0, 0, 0.0
    batch: list[np.ndarray] = []
    paths = sorted(find_images([arguments.photos]))[: arguments.limit]
    for number, path in enumerate(paths, start=1):
        try:
            picture = classifier.backbone.open_photo(path, classifier.backbone.least_side)
            batch.append(classifier.backbone.pixels(picture))
        except ImageError:
            continue
        if len(batch) == 32 or number == len(paths):
            pixels = np.stack(batch)
            found = run(pixels, table.attributes, table.is_seen, classifier.head.penalised(table))
            decisions = classifier.label_features(classifier.backbone.features(pixels), len(table))
            expected = np.zeros_like(found)
            np.put_along_axis(expected, decisions.rows, decisions.probabilities, axis=1)
            same += int((found.argmax(axis=1) == decisions.rows[:, 0]).sum())
            photos += len(batch)
            furthest = max(furthest, float(np.abs(found - expected).max()))
            batch = []
    print(f"{same} of {photos} photos get the same label ({same / photos:.2%}), {len(table)} classes")
    print(f"largest difference of a probability: {furthest:.2g}")


def _runner(file: Path):  # type: ignore[no-untyped-def]
    """A function from pixels, attributes and seen classes to probabilities."""
    if file.suffix == ".onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(file)
        return lambda *values: session.run(
            None, dict(zip(("pixels", "attributes", "is_seen", "is_penalised"), values, strict=True))
        )[0]
    import openvino

    model = openvino.Core().compile_model(file, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda *values: model(list(values))[0]


if __name__ == "__main__":
    main()
