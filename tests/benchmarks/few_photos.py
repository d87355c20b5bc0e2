"""Measure heads that learn from 0 to 20 photos per class, from rows of the backbone, or from both.

    python tests/benchmarks/few_photos.py DATASET_DIR... [--map imagenet-animals.csv] [--draws 3]
        [--validation] [--out few.svg]

The rows are those of all classes but the unseen ones and their kinds. All heads are closed forms. The
seen classes have so many photos each, drawn anew in each draw. In per cent, means over draws:

    seen    accuracy on test photos of seen classes, with these as candidates
    unseen  the same for unseen classes (T)
    AUSUC   the area under the curve of both, with all classes as candidates

`--validation` takes the classes of `val_loc` for unseen ones and uses no test row. `--out` draws a
picture (`.svg` or `.png`), which takes matplotlib.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from zsl_images.evaluation.benchmark_rows import rows_for
from zsl_images.evaluation.xlsa17 import Benchmark, read_xlsa17
from zsl_images.features.backbones import load_backbone
from zsl_images.head.fit import fit_model
from zsl_images.head.row_classes import RowClasses
from zsl_images.metrics import mean_per_class_accuracy, seen_unseen_curve
from zsl_images.model.recipes import recipe_named

COUNTS = (0, 1, 2, 5, 10, 20)
"""Photos per seen class."""

SOURCES = {"photos": "best-mmvae", "rows": "rows", "both": "rows"}
"""What a head learns from → its recipe."""

FIGURES = ("seen", "unseen", "AUSUC")

Rows = npt.NDArray[np.int64]


class Task(NamedTuple):
    """Rows of a data set: to learn from, and photos of seen and of unseen classes to test with."""

    learned: Rows
    seen: Rows
    unseen: Rows


def task_of(data: Benchmark, validation: bool) -> Task:
    """The test, or a validation within `trainval` that looks like it."""
    if not validation:
        return Task(*(data.rows[name] for name in ("trainval", "test_seen", "test_unseen")))
    train, val = data.rows["train"], data.rows["val"]
    unseen = val[~np.isin(data.labels[val], data.labels[train])]
    held_out = np.random.default_rng(0).random(len(train)) < 0.2
    return Task(train[~held_out], train[held_out], unseen)


def drawn(labels: Rows, rows: Rows, count: int, generator: np.random.Generator) -> Rows:
    """Rows of `count` random photos per class."""
    shuffled = generator.permutation(rows)
    return np.concatenate([shuffled[labels[shuffled] == c][:count] for c in np.unique(labels[rows])])


def measured(
    data: Benchmark, task: Task, learned: Rows, rows: RowClasses | None, recipe_name: str
) -> dict[str, float]:
    """The figures of a head that learned from some photos and rows."""
    recipe = recipe_named(recipe_name)
    recipe = replace(recipe, training=replace(recipe.training, learn_steps=0))
    seen, unseen = np.unique(data.labels[task.seen]), np.unique(data.labels[task.unseen])
    names = [data.table.names[k] for k in (*seen, *unseen)]
    column = np.full(len(data.table), -1)
    column[[*seen, *unseen]] = np.arange(len(names))
    table = data.table.select(names).with_seen(
        [names[k] for k in np.unique(column[data.labels[learned]])]
    )
    x, y = data.features[learned].astype(np.float32), column[data.labels[learned]]
    model = fit_model(x, y, table, rows, recipe, 0, "training", "cpu", None).frozen()
    both = np.concatenate([task.seen, task.unseen])
    x = data.features[both].astype(np.float32)
    scores = np.asarray(model.scores(x, table.attributes, table.is_seen))
    labels, is_seen = column[data.labels[both]], np.arange(len(names)) < len(seen)

    def accuracy(of_seen: bool) -> float:
        chosen, columns = is_seen[labels] == of_seen, np.flatnonzero(is_seen == of_seen)
        return mean_per_class_accuracy(labels[chosen], columns[scores[chosen][:, columns].argmax(1)])

    area = seen_unseen_curve(scores, labels, is_seen).area
    return dict(zip(FIGURES, (accuracy(True), accuracy(False), area), strict=True))


def results(
    data: Benchmark, rows: RowClasses, draws: int, validation: bool
) -> Iterator[tuple[str, int, dict[str, float]]]:
    """Source, number of photos per class and mean figures."""
    task = task_of(data, validation)
    left_out = {data.table.names[k] for k in np.unique(data.labels[task.unseen])}
    allowed = rows.without(left_out)
    for source, counts in (("rows", COUNTS[:1]), ("photos", COUNTS[1:]), ("both", COUNTS[1:])):
        for count in counts:
            found = []
            for seed in range(draws if count else 1):
                learned = drawn(data.labels, task.learned, count, np.random.default_rng(seed))
                known = None if source == "photos" else allowed
                found.append(measured(data, task, learned, known, SOURCES[source]))
            yield source, count, {name: float(np.mean([f[name] for f in found])) for name in FIGURES}


def draw(curves: dict[str, dict[str, dict[int, dict[str, float]]]], out: Path) -> None:
    """A panel per data set and figure."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 2.6 * len(curves)), layout="constrained")
    panels = figure.subplots(len(curves), 2, squeeze=False, sharey=True)
    for line, (name, sources) in zip(panels, curves.items(), strict=True):
        for panel, kind in zip(line, FIGURES, strict=False):
            panel.axhline(100 * sources["rows"][0][kind], color="#b8bfbc", label="rows alone")
            for source, colour in (("photos", "#d0773b"), ("both", "#2b7a6b")):
                found = sources[source]
                panel.plot(range(1, 6), [100 * found[n][kind] for n in COUNTS[1:]], "o-", color=colour)
                panel.lines[-1].set_label({"photos": "photos alone"}.get(source, "rows and photos"))
            panel.set_xticks(range(1, 6), [str(n) for n in COUNTS[1:]])
            panel.set_title(f"{name}: {kind} classes", fontsize=9)
            panel.set_xlabel("photos per seen class")
        line[0].set_ylabel("per-class accuracy, %")
    panels[0][0].legend(fontsize=8)
    figure.savefig(out)


def main() -> None:
    """Print a line per source and number of photos."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--map", default="imagenet-animals.csv")
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--validation", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    backbone = load_backbone()
    curves: dict[str, dict[str, dict[int, dict[str, float]]]] = {}
    for folder in options.folders:
        data, rows = rows_for(read_xlsa17(folder), options.map, backbone)
        sources = curves.setdefault(data.name, {})
        for source, count, found in results(data, rows, options.draws, options.validation):
            sources.setdefault(source, {})[count] = found
            shown = "  ".join(f"{name} {100 * value:4.1f}" for name, value in found.items())
            print(f"{data.name}  {source:6}  {count:2} photos  {shown}", flush=True)
    if options.out:
        draw(curves, options.out)


if __name__ == "__main__":
    main()
