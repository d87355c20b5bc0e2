"""Measure what a mirrored view and a second backbone add, on folds of seen classes.

    python tests/benchmarks/views.py DATA DATASET_DIR... [--cache FOLDER]

DATA holds the photos that the data sets name. Test rows are not used. Five folds of a fifth of the seen
classes each play unseen, and a fifth of the other photos is held out; heads are closed forms (recipe
`best-mmvae`). A mirrored view doubles the time per photo, and so does the second backbone (lite2
takes about twice as long as lite0). Means over folds in per cent.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from zsl_images.evaluation.xlsa17 import Benchmark, read_image_files, read_xlsa17
from zsl_images.features.backbones import load_backbone
from zsl_images.head.fit import fit_model
from zsl_images.head.folds import make_folds
from zsl_images.metrics import gzsl_report
from zsl_images.model.recipes import recipe_named

Features = npt.NDArray[np.float32]

FOLDS = 5
BACKBONES = ("tf_efficientnet_lite0", "tf_efficientnet_lite2")


def views(name: str, paths: list[Path], cache: Path) -> Features:
    """Features of each photo and of its mirror image, (N, 2, D)."""
    file = cache / f"{name}-views.npz"
    known: dict[str, Features] = {}
    if file.is_file():
        kept = np.load(file)
        known = dict(zip(kept["paths"].tolist(), kept["features"], strict=True))
    fresh = [path for path in paths if str(path) not in known]
    backbone = load_backbone(name)
    for start in range(0, len(fresh), 32):
        batch = fresh[start : start + 32]
        pixels = np.stack([backbone.pixels(Image.open(path).convert("RGB")) for path in batch])
        # Pixels are rows of channels, (B, 3, H, W) or (B, H, W, 3).
        width = 3 if pixels.shape[1] == 3 else 2
        both = [backbone.features(pixels), backbone.features(np.flip(pixels, width).copy())]
        known |= zip(map(str, batch), np.stack(both, axis=1).astype(np.float32), strict=True)
    if fresh:
        cache.mkdir(parents=True, exist_ok=True)
        np.savez(file, paths=np.array(list(known)), features=np.stack(list(known.values())))
    return np.stack([known[str(path)] for path in paths])


def unit(features: Features) -> Features:
    """Features at length 1, so that those of two backbones count alike."""
    scaled: Features = features / np.linalg.norm(features, axis=-1, keepdims=True)
    return scaled


def measured(data: Benchmark, labels: npt.NDArray[np.int64], learned: Features, shown: Features) -> str:
    """Figures of heads that learn from `learned` (N, V, D) and answer by `shown` (N, D)."""
    recipe, found = recipe_named("best-mmvae"), []
    for fold in make_folds(labels, FOLDS, np.random.default_rng(0)):
        test = np.concatenate([fold.seen, fold.unseen])
        classes = np.unique(labels)
        seen = np.unique(labels[fold.train])
        names = [data.table.names[k] for k in classes]
        table = data.table.select(names).with_seen([data.table.names[k] for k in seen])
        count = learned.shape[1]
        x = learned[fold.train].reshape(-1, learned.shape[2])
        y = np.searchsorted(classes, labels[fold.train]).repeat(count)
        model = fit_model(x, y, table, None, recipe, 0, "training", "cpu", None).frozen()
        scores = np.asarray(model.scores(shown[test], table.attributes, table.is_seen))
        report = gzsl_report(scores, np.searchsorted(classes, labels[test]), table.is_seen, 0.0)
        found.append([report[name] for name in ("T", "best_H", "AUSUC") if name in report])
    return "  ".join(f"{100 * value:5.1f}" for value in np.mean(found, axis=0))


def main() -> None:
    """Print a line per data set and way."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--cache", type=Path, default=Path("views"))
    options = parser.parse_args()
    print(f"{'':40}    T  best H  AUSUC")
    for folder in options.folders:
        data, files = read_xlsa17(folder), read_image_files(folder)
        rows = data.rows["trainval"]
        paths = [options.photos / files[row] for row in rows]
        labels = data.labels[rows]
        first, second = (unit(views(name, paths, options.cache)) for name in BACKBONES)
        joined = np.concatenate([first, second], axis=2)
        for name, x in (("lite0", first), ("lite2", second), ("both", joined)):
            for way, learned, shown in (
                ("one view", x[:, :1], x[:, 0]),
                ("mirrored in training", x, x[:, 0]),
                ("mean of both views", x.mean(1, keepdims=True), x.mean(1)),
            ):
                print(
                    f"{data.name:12}{name:7}{way:21}{measured(data, labels, learned, shown)}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
