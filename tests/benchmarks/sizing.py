"""Size a run that is too large to try: machines, hours, storage, bottleneck and price.

    python tests/benchmarks/sizing.py PHOTOS [--cores 16] [--price 0.5] [--store 500] [--hours 24]
                                      [--machines N]

PHOTOS is a folder of some hundred photos. Workers of one core each label shards of them. One worker,
on half of the photos and on all, gives the model its two numbers: seconds to start, and seconds per
photo. The model then predicts two workers, which are measured as well; the difference is its error.
A plan takes the machines that are given, or as many as finish in --hours, if the store keeps up.
"""

from __future__ import annotations

import argparse
import math
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from zsl_images.features.manifests import write_manifest
from zsl_images.features.photo_paths import find_images

PLANS = (10**6, 10**8, 10**9)

_PER_OBJECT = 57
"""Bytes that a Python string and a reference to it take besides its characters."""


@dataclass(frozen=True)
class Model:
    """How long workers of one core take: start + photos · per_photo / workers.

    Args:
        start: Seconds before the first photo.
        per_photo: Seconds per photo and worker.
        photo_bytes: Mean size of a photo.
        row_bytes: Mean size of a row in a Parquet file of labels.
        path_bytes: Mean length of a photo's path.
    """

    start: float
    per_photo: float
    photo_bytes: float
    row_bytes: float
    path_bytes: float = 100.0

    def seconds(self, photos: float, workers: int) -> float:
        """Seconds until that many photos are labelled, if nothing but the cores limits the work."""
        return self.start + photos * self.per_photo / workers

    def machines(self, photos: float, cores: int, hours: float) -> int:
        """Machines of so many cores that are done in that time, if the store keeps up."""
        return max(1, math.ceil(photos * self.per_photo / cores / (3600 * hours - self.start)))


@dataclass(frozen=True)
class Plan:
    """A run of some size.

    Args:
        machines: Number of machines.
        hours: Hours until its end.
        bottleneck: What limits it: `cores` or `store`.
        read: Megabytes per second that the store of photos must give.
        photos: Terabytes of photos.
        labels: Gigabytes of label files.
        resuming: Gigabytes of memory in which a resumed cluster run holds the paths that are done.
        price: Price of the machines.
    """

    machines: int
    hours: float
    bottleneck: str
    read: float
    photos: float
    labels: float
    resuming: float
    price: float


def plan(model: Model, photos: int, machines: int, cores: int, price: float, store: float) -> Plan:
    """The plan of a run.

    Args:
        model: Measured model of one worker.
        photos: Number of photos.
        machines: Number of machines.
        cores: Cores per machine.
        price: Price of a machine per hour.
        store: Megabytes per second that the store of photos gives to all machines together.
    """
    by_cores = model.seconds(photos, machines * cores)
    by_store = model.start + photos * model.photo_bytes / 1e6 / store
    hours = max(by_cores, by_store) / 3600
    return Plan(
        machines=machines,
        hours=hours,
        bottleneck="cores" if by_cores >= by_store else "store",
        read=photos * model.photo_bytes / 1e6 / (max(by_cores, by_store) - model.start),
        photos=photos * model.photo_bytes / 1e12,
        labels=photos * model.row_bytes / 1e9,
        resuming=photos * (model.path_bytes + _PER_OBJECT) / 1e9,
        price=hours * machines * price,
    )


def line_through(few: tuple[int, float], many: tuple[int, float]) -> tuple[float, float]:
    """Start and seconds per photo of the line through two measured points (photos, seconds)."""
    per_photo = (many[1] - few[1]) / (many[0] - few[0])
    return few[1] - few[0] * per_photo, per_photo


def measured(manifest: Path, workers: int, folder: Path) -> tuple[float, float]:
    """Seconds until all workers have labelled their shards of a manifest, and bytes per row."""
    cores = sorted(os.sched_getaffinity(0))
    if workers > len(cores):
        raise SystemExit(f"{workers} workers need as many cores, but there are {len(cores)}")
    outs = [folder / f"{manifest.stem}-{number}-{workers}.parquet" for number in range(1, workers + 1)]
    begin = time.monotonic()
    running = [
        subprocess.Popen(
            [
                *("taskset", "-c", str(core), sys.executable, "-m", "zsl_images", "label"),
                *(str(manifest), "--shard", f"{number}/{workers}", "--out", str(out)),
            ],
            stdout=subprocess.DEVNULL,
        )
        for number, (core, out) in enumerate(zip(cores, outs, strict=False), 1)
    ]
    codes = [process.wait() for process in running]
    seconds = time.monotonic() - begin
    if set(codes) - {0, 3}:
        raise SystemExit(f"a worker failed; exit codes {codes}")
    rows = sum(1 for _ in find_images([manifest]))
    return seconds, sum(out.stat().st_size for out in outs) / rows


def main() -> None:
    """Measure, state the error, and print the plans."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--machines", type=int)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--cores", type=int, default=16)
    parser.add_argument("--price", type=float, default=0.5)
    parser.add_argument("--store", type=float, default=500.0)
    options = parser.parse_args()
    paths = [*find_images([options.photos])]
    half = len(paths) // 2
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        write_manifest(paths[:half], folder / "half.parquet")
        write_manifest(paths, folder / "all.parquet")
        measured(folder / "half.parquet", 1, folder)  # converts the backbone, if need be
        (folder / "half-1-1.parquet").unlink()
        few, _ = measured(folder / "half.parquet", 1, folder)
        many, row_bytes = measured(folder / "all.parquet", 1, folder)
        two, _ = measured(folder / "all.parquet", 2, folder)
    start, per_photo = line_through((half, few), (len(paths), many))
    size = sum(path.stat().st_size for path in paths) / len(paths)
    length = sum(len(str(path)) for path in paths) / len(paths)
    model = Model(start, per_photo, size, row_bytes, length)
    print(f"one worker: {start:.1f} s to start, {1 / per_photo:.1f} photos per second")
    for workers, seconds in ((1, many), (2, two)):
        predicted = model.seconds(len(paths), workers)
        error = predicted / seconds - 1
        print(f"{workers} worker(s): {seconds:.1f} s, predicted {predicted:.1f} s, error {error:+.1%}")
    print(
        f"machines of {options.cores} cores, {options.price} per hour each; store {options.store} MB/s"
    )
    for photos in PLANS:
        machines = options.machines or model.machines(photos, options.cores, options.hours)
        found = plan(model, photos, machines, options.cores, options.price, options.store)
        print(
            f"{photos:>13,} photos ({found.photos:.2f} TB): {machines} machines, {found.hours:.1f} h, "
            f"limited by {found.bottleneck}, {found.read:.0f} MB/s read, {found.labels:.2f} GB of "
            f"labels, {found.resuming:.1f} GB of memory to resume in one cluster run, price "
            f"{found.price:.0f}"
        )


if __name__ == "__main__":
    main()
