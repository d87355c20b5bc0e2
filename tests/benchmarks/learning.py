"""Measure how long and how much memory training takes, by number of photos and of seen classes.

    python tests/benchmarks/learning.py [--recipe best] [--rows 2000 20000 100000] [--classes 40 400]

Features of 1,280 values and 85 attributes are made and put on disk in half precision; a tenth as many
classes again is unseen. Each case is one training without validation, in a process of its own. Memory
is the peak of that process, with PyTorch and the part of the file that the system keeps mapped. The
exponent says how time grows with the number of rows, from 20,000 on, at the smallest number of
classes: 1 is in proportion. --peer CASES times class-norm beside it in the smallest so many cases.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from zsl_images.classes.class_table import ClassTable
from zsl_images.head.fit import train_on_features

WIDTH, ATTRIBUTES = 1280, 85
BLOCK = 10_000
MEBIBYTE = 2**20


def attributes_of(seen: int) -> np.ndarray:
    """Attributes of the seen classes, then of a tenth as many unseen ones, (K, A)."""
    classes = seen + max(2, seen // 10)
    rng = np.random.default_rng(0)
    return rng.uniform(0, 100, (classes, ATTRIBUTES)).astype(np.float32)


def make_features(path: Path, rows: int, seen: int) -> None:
    """Write features (N, D) that depend on the attributes of their classes."""
    rng = np.random.default_rng(1)
    weights = rng.normal(0, 0.02, (ATTRIBUTES, WIDTH)).astype(np.float32)
    centres = np.tanh((attributes_of(seen)[:seen] - 50) @ weights)
    file = np.lib.format.open_memmap(path, "w+", np.float16, (rows, WIDTH))
    for start in range(0, rows, BLOCK):
        labels = np.arange(start, min(rows, start + BLOCK)) % seen
        noise = rng.standard_normal((len(labels), WIDTH), dtype=np.float32)
        file[start : start + BLOCK] = np.maximum(centres[labels] + noise, 0)
    file.flush()


def measure(path: Path, trainer: str, seen: int) -> dict[str, float]:
    """Train once: seconds, and the peak memory of the process in MiB."""
    features = np.load(path, mmap_mode="r")
    labels, attributes = np.arange(len(features)) % seen, attributes_of(seen)
    if trainer == "class-norm":
        from peers import class_norm

        x = np.asarray(features, np.float32)
        start = time.perf_counter()
        class_norm(x, labels, attributes, np.arange(seen), 0)
    else:
        names = tuple(f"class {row}" for row in range(len(attributes)))
        columns = tuple(f"attribute {column}" for column in range(ATTRIBUTES))
        table = ClassTable.from_columns(names, columns, attributes)
        start = time.perf_counter()
        train_on_features(features, labels, table, recipe=trainer, folds=0)
    seconds = time.perf_counter() - start
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEBIBYTE
    return {"seconds": seconds, "mebibytes": peak}


def in_a_process(path: Path, trainer: str, seen: int) -> dict[str, float]:
    """`measure` in a process of its own."""
    case = [sys.executable, __file__, "--one", str(path), trainer, str(seen)]
    done = subprocess.run(case, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def main() -> None:
    """Print the table."""
    if sys.argv[1:2] == ["--one"]:
        path, trainer, seen = sys.argv[2:]
        print(json.dumps(measure(Path(path), trainer, int(seen))))
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--recipe", default="best")
    parser.add_argument("--rows", type=int, nargs="+", default=[2_000, 20_000, 100_000])
    parser.add_argument("--classes", type=int, nargs="+", default=[40, 400, 2_000])
    parser.add_argument("--peer", type=int, default=0, metavar="CASES")
    arguments = parser.parse_args()
    print(f"| rows | seen classes | {arguments.recipe}: seconds | peak MiB | class-norm: seconds |")
    print("|---|---|---|---|---|")
    cases = [(seen, rows) for seen in arguments.classes for rows in arguments.rows if rows >= 2 * seen]
    large, seconds = [], []
    for number, (seen, rows) in enumerate(cases):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "features.npy")
            make_features(path, rows, seen)
            ours = in_a_process(path, arguments.recipe, seen)
            peer = in_a_process(path, "class-norm", seen) if number < arguments.peer else None
        if seen == arguments.classes[0] and rows >= 20_000:
            large.append(rows)
            seconds.append(ours["seconds"])
        print(
            f"| {rows:,} | {seen:,} | {ours['seconds']:.1f} | {ours['mebibytes']:,.0f} | "
            f"{round(peer['seconds'], 1) if peer else '–'} |",
            flush=True,
        )
    if len(large) > 1:
        exponent = np.polyfit(np.log(large), np.log(seconds), 1)[0]
        print(f"\nFrom 20,000 rows on, time grows with rows to the power {exponent:.2f}.")


if __name__ == "__main__":
    main()
