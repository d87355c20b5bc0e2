"""Measure how long and how much memory training takes, by number of photos and of seen classes.

    python tests/benchmarks/learning.py [--recipe best] [--rows 2000 20000 100000] [--classes 40 400]

Features of 1,280 values and 85 attributes are made; a tenth as many classes again is unseen. Each case
is one training without validation, in a process of its own. The exponent says how time grows with the
number of rows at the smallest number of classes: 1 is in proportion.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np

from zsl_images.model.recipes import recipe_named
from zsl_images.model.training import fit

WIDTH, ATTRIBUTES = 1280, 85
MEBIBYTE = 2**20


def measure(recipe: str, rows: int, seen: int) -> dict[str, float]:
    """Train once on made features: seconds, and the rise of the peak memory in MiB."""
    rng = np.random.default_rng(0)
    classes = seen + max(2, seen // 10)
    attributes = rng.uniform(0, 100, (classes, ATTRIBUTES)).astype(np.float32)
    centres = np.tanh(attributes @ rng.normal(0, 0.02, (ATTRIBUTES, WIDTH))).astype(np.float32)
    labels = np.arange(rows) % seen
    features = rng.standard_normal((rows, WIDTH), dtype=np.float32)
    features += centres[labels]
    np.maximum(features, 0, out=features)
    before = _peak()
    start = time.perf_counter()
    fit(features, labels, attributes, np.arange(classes) < seen, recipe_named(recipe), 0)
    return {"seconds": time.perf_counter() - start, "mebibytes": _peak() - before}


def _peak() -> float:
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEBIBYTE


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--recipe", default="best")
    parser.add_argument("--rows", type=int, nargs="+", default=[2_000, 20_000, 100_000])
    parser.add_argument("--classes", type=int, nargs="+", default=[40, 400, 2_000])
    parser.add_argument("--one", action="store_true", help="measure the first case in this process")
    arguments = parser.parse_args()
    if arguments.one:
        print(json.dumps(measure(arguments.recipe, arguments.rows[0], arguments.classes[0])))
        return
    print(f"| rows | seen classes | {arguments.recipe}: seconds | MiB beside the features |")
    print("|---|---|---|---|")
    seconds = []
    for seen in arguments.classes:
        for rows in arguments.rows:
            if rows < 2 * seen:
                continue
            case = ["--one", "--recipe", arguments.recipe, "--rows", str(rows), "--classes", str(seen)]
            done = subprocess.run(
                [sys.executable, __file__, *case], check=True, capture_output=True, text=True
            )
            found = json.loads(done.stdout)
            seconds += [found["seconds"]] if seen == arguments.classes[0] else []
            print(
                f"| {rows:,} | {seen:,} | {found['seconds']:.1f} | {found['mebibytes']:,.0f} |",
                flush=True,
            )
    if len(seconds) > 1:
        exponent = np.polyfit(np.log(arguments.rows[: len(seconds)]), np.log(seconds), 1)[0]
        print(f"\nTime grows with rows to the power {exponent:.2f}.")


if __name__ == "__main__":
    main()
