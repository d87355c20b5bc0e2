"""Size a run that is too large to try: machines, hours, storage, bottleneck and price.

    python tests/benchmarks/sizing.py PHOTOS [--machines 10] [--cores 16] [--price 0.5] [--store 500]

PHOTOS is a folder of some hundred photos. Workers of one core each label shards of them. One worker,
on half of the photos and on all, gives the model its two numbers: seconds to start, and seconds per
photo. The model then predicts two workers, which are measured as well; the difference is its error.
"""

from __future__ import annotations

import argparse
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


@dataclass(frozen=True)
class Model:
    """How long workers of one core take: start + photos · per_photo / workers.

    Args:
        start: Seconds before the first photo.
        per_photo: Seconds per photo and worker.
        photo_bytes: Mean size of a photo.
        row_bytes: Mean size of a row in a Parquet file of labels.
    """

    start: float
    per_photo: float
    photo_bytes: float
    row_bytes: float

    def seconds(self, photos: float, workers: int) -> float:
        """Seconds until that many photos are labelled, if nothing but the cores limits the work."""
        return self.start + photos * self.per_photo / workers


@dataclass(frozen=True)
class Plan:
    """A run of some size.

    Args:
        hours: Hours until its end.
        bottleneck: What limits it: `cores` or `store`.
        read: Megabytes per second that the store of photos must give.
        labels: Gigabytes of label files.
        price: Price of the machines.
    """

    hours: float
    bottleneck: str
    read: float
    labels: float
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
        hours,
        "cores" if by_cores >= by_store else "store",
        photos * model.photo_bytes / 1e6 / (max(by_cores, by_store) - model.start),
        photos * model.row_bytes / 1e9,
        hours * machines * price,
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
    parser.add_argument("--machines", type=int, default=10)
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
    model = Model(start, per_photo, size, row_bytes)
    print(f"one worker: {start:.1f} s to start, {1 / per_photo:.1f} photos per second")
    for workers, seconds in ((1, many), (2, two)):
        predicted = model.seconds(len(paths), workers)
        error = predicted / seconds - 1
        print(f"{workers} worker(s): {seconds:.1f} s, predicted {predicted:.1f} s, error {error:+.1%}")
    print(f"{options.machines} machines of {options.cores} cores, {options.price} per hour each")
    for photos in PLANS:
        found = plan(model, photos, options.machines, options.cores, options.price, options.store)
        print(
            f"{photos:>13,} photos: {found.hours:.1f} h, limited by {found.bottleneck}, "
            f"{found.read:.0f} MB/s read, {found.labels:.2f} GB of labels, price {found.price:.0f}"
        )


if __name__ == "__main__":
    main()
