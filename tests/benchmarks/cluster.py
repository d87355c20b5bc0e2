"""Stress a cluster run, on a Ray of this machine, against the local run of the same photos.

    python tests/benchmarks/cluster.py TEST [PHOTOS] [--photos 5000] [--workers 2] [--work FOLDER]

PHOTOS is a folder of photos, of which copies are labelled; without one, small photos are drawn. One
photo in 500 is broken. TEST is one of:
    same        the rows of the cluster run are those of the local run
    worker      so are they if a worker is killed in mid-run
    driver      so are they if the driver is killed, a part half uploaded, and the run resumed
    memory      the driver's memory with 20 times as many rows of a manifest that was made up
    stopped     no process is left of a run that is interrupted, terminated or killed
    throughput  photos per second, start-up excluded: at least 0.8 of the local run's
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from zsl_images.cluster.stores import rows_in
from zsl_images.features.manifests import write_manifest
from zsl_images.features.photo_paths import find_images
from zsl_images.labelling.label_schema import SCHEMA

SAME = [name for name in SCHEMA.names if name not in ("probability", "unknown_score", "top_labels")]
SAME = [name for name in SAME if not name.endswith("probabilities")]
"""Columns that are equal to the last byte; batches of other photos change the last digits of others."""


def local_command(manifest: Path, out: Path) -> list[str]:
    """The local run."""
    return [sys.executable, "-m", "zsl_images", "label", str(manifest), "--out", str(out)]


def cluster_command(manifest: object, out: object, workers: int | None = None) -> list[str]:
    """The same on a Ray of this machine."""
    run = [sys.executable, "-m", "zsl_images", "label", str(manifest), "--cluster", "ray"]
    return [*run, "--out", str(out), *(("--workers", str(workers)) if workers else ())]


def make_photos(source: Path | None, count: int, folder: Path) -> Path:
    """Copies of photos, or drawn ones, of which one in 500 is broken; and their manifest."""
    rng = np.random.default_rng(0)
    given = itertools.cycle([*find_images([source])]) if source else None
    for number in range(count):
        path = folder / "photos" / f"{number // 1000:03}" / f"{number:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        if number % 500 == 7:
            path.write_bytes(rng.bytes(500))
        elif given:
            shutil.copy(next(given), path)
        else:
            pixels = rng.integers(0, 255, 3) + rng.normal(0, 30, (48, 64, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
    write_manifest(folder / "photos", folder / "manifest.parquet")
    return folder / "manifest.parquet"


def rows_of(place: Path) -> list[dict[str, Any]]:
    """The rows of a label file or of a folder of them, by their paths."""
    tables = [pq.read_table(place)] if place.is_file() else [*rows_in(str(place), SCHEMA.names)]
    return sorted(pa.concat_tables(tables).to_pylist(), key=lambda row: row["path"])


def compare(found: Path, expected: Path) -> str:
    """How the rows of two runs agree.

    Raises:
        AssertionError: A photo has no row or two, or another label, error, stamp or fact.
    """
    rows, others = rows_of(found), rows_of(expected)
    assert [row["path"] for row in rows] == [row["path"] for row in others]
    for row, other in zip(rows, others, strict=True):
        assert {name: row[name] for name in SAME} == {name: other[name] for name in SAME}
    equal = sum(row == other for row, other in zip(rows, others, strict=True))
    most = max(
        abs((row["probability"] or 0) - (other["probability"] or 0))
        for row, other in zip(rows, others, strict=True)
    )
    return (
        f"{len(rows)} rows, {sum(row['error'] is not None for row in rows)} of them unreadable: "
        f"labels, errors, stamps and facts equal; {equal} rows equal to the last digit, probabilities "
        f"differ by {most:.1e} at most"
    )


def processes_of(driver: int) -> Iterator[tuple[int, str]]:
    """The processes below a driver, and their command lines."""
    parents, names = {}, {}
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit():
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
                names[int(entry.name)] = (entry / "cmdline").read_text()
        except OSError:  # it has ended since
            continue
    for process, name in names.items():
        at = parents[process]
        while at in parents and at != driver:
            at = parents[at]
        if at == driver:
            yield process, name


def workers_of(driver: int) -> Iterator[int]:
    """The processes below a driver that hold a backbone."""
    for process, name in processes_of(driver):
        if name.startswith("ray::") and "Labeller" in name:
            yield process


def done_in(out: Path) -> int:
    """Photos whose rows a cluster run has written for good."""
    return sum(map(len, rows_in(f"{out}.checkpoint", ["path"])))


def kill_in_mid_run(command: list[str], out: Path, rows: int, *, is_driver: bool) -> int:
    """Run a command, and kill its driver or one of its workers once that many rows are written.

    Returns:
        Rows that were written for good when the signal was sent; 0 if the run was too fast.
    """
    done = 0
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as driver:
        while driver.poll() is None:
            time.sleep(0.2)
            found = [driver.pid] if is_driver else [*workers_of(driver.pid)]
            if not done and found and (so_far := done_in(out)) >= rows:
                done = so_far
                os.kill(found[0], signal.SIGKILL)
    return done


def living(processes: dict[int, str]) -> list[int]:
    """Those of the processes that are still there; each comes with the time at which it began."""
    return [process for process, begun in processes.items() if _begun(process) == begun]


def begun_below(driver: int) -> dict[int, str]:
    """The processes below a driver, each with the time at which it began.

    Ray's two agents, which notice only after a minute that all others were killed, are left out.
    """
    found = {process: _begun(process) for process, name in processes_of(driver) if "Agent" not in name}
    return {process: begun for process, begun in found.items() if begun}


def _begun(process: int) -> str | None:
    """When a process began, which tells it from a later one of its number; None if it has ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def left_after(command: list[str], number: int, seconds: float = 60) -> list[int]:
    """The processes of a run that outlive its driver, which gets a signal once a worker is there."""
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as driver:
        while driver.poll() is None and not [*workers_of(driver.pid)]:
            time.sleep(0.2)
        assert driver.poll() is None, "the run ended before it could be stopped; take more photos"
        every = begun_below(driver.pid)
        driver.send_signal(number)
        driver.wait()
    deadline = time.monotonic() + seconds
    while living(every) and time.monotonic() < deadline:
        time.sleep(0.2)
    return living(every)


def half_uploaded(out: Path) -> str:
    """Leave a part as a driver does that was killed while it was uploaded: cut short, not committed."""
    whole = min(Path(f"{out}.checkpoint").glob("*.parquet"), key=lambda path: path.stat().st_size)
    whole.rename(whole.with_name(f"{whole.stem}.pending.parquet"))
    (part,) = out.glob(f"{whole.stem}*.parquet")
    part.write_bytes(part.read_bytes()[: part.stat().st_size // 2])
    return part.name


def same(manifest: Path, work: Path, workers: int) -> None:
    """Cluster and local run."""
    subprocess.run(cluster_command(manifest, work / "labels", workers), check=False)
    print("same:", compare(work / "labels", _local(manifest, work)))


def stopped(manifest: Path, work: Path, workers: int) -> None:
    """No process is left of a run that is stopped."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        command = cluster_command(manifest, work / f"labels-{number}", workers)
        print(f"{number.name}: {len(left_after(command, number))} processes left", flush=True)


def worker(manifest: Path, work: Path, workers: int) -> None:
    """A worker killed in mid-run."""
    out = work / "labels-worker"
    done = kill_in_mid_run(cluster_command(manifest, out, workers), out, 1, is_driver=False)
    assert done, "the run ended before a worker could be killed; take more photos"
    print(f"a worker killed after {done} rows:", compare(out, _local(manifest, work)))


def driver(manifest: Path, work: Path, workers: int) -> None:
    """The driver killed in mid-run, and a part half uploaded."""
    out = work / "labels-driver"
    command = cluster_command(manifest, out, workers)
    done = kill_in_mid_run(command, out, pq.read_metadata(manifest).num_rows // 3, is_driver=True)
    assert done, "the run ended before the driver could be killed; take more photos"
    cut = half_uploaded(out)
    left = done_in(out)
    said = subprocess.run(command, check=False, capture_output=True, text=True).stdout.splitlines()[0]
    assert f"{left} of them labelled before" in said, said
    assert not (out / cut).exists()
    print(f"driver killed after {done} rows, one part cut, {left} kept:", end=" ")
    print(compare(out, _local(manifest, work)))


def _local(manifest: Path, work: Path) -> Path:
    out = work / f"local-{manifest.stem}.parquet"
    if not out.exists():
        subprocess.run(local_command(manifest, out), check=False, stdout=subprocess.DEVNULL)
    return out


def made_up_manifest(photos: int, folder: Path) -> Path:
    """A manifest of that many paths, of which one in 20 is a photo; the others are not there."""
    folder.mkdir()
    Image.new("RGB", (32, 32), "red").save(folder / "photo.png")
    paths = [str(folder / f"{number:07}.png") for number in range(photos)]
    for path in paths[::20]:
        os.link(folder / "photo.png", path)
    table = pa.table({"path": paths})
    pq.write_table(table, folder / "manifest.parquet", row_group_size=8192)  # as `zsl manifest` does
    return folder / "manifest.parquet"


def peak_memory(command: list[str]) -> float:
    """Megabytes that a process holds at most while it runs; shared memory with others is left out."""
    most = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            status = Path(f"/proc/{process.pid}/status").read_text()
            held = [int(line.split()[1]) for line in status.splitlines() if "RssAnon" in line]
            most = max([most, *held])
            time.sleep(0.1)
    assert process.returncode == 3, process.returncode
    return most / 1000


def memory(work: Path, workers: int, sizes: tuple[int, ...]) -> None:
    """The driver's memory does not grow with the rows."""
    held = []
    for photos in sizes:
        manifest = made_up_manifest(photos, work / f"{photos}")
        start = time.monotonic()
        held.append(peak_memory(cluster_command(manifest, work / f"labels-{photos}", workers)))
        seconds = time.monotonic() - start
        print(
            f"{photos} rows: the driver holds {held[-1]:.0f} MB at most ({seconds:.0f} s)", flush=True
        )
    print(f"growth: {held[-1] - held[0]:+.0f} MB")


def throughput(manifest: Path, work: Path, workers: int, turns: int = 3) -> None:
    """The slope between a third of the photos and all of them, so that start-up does not count."""
    table = pq.read_table(manifest)
    few = work / "few.parquet"
    pq.write_table(table.slice(0, len(table) // 3), few)
    commands: dict[str, Callable[[Path, Path], list[str]]] = {
        "local": local_command,
        "Ray": lambda manifest, out: cluster_command(manifest, out, workers),
    }
    rates: dict[str, list[float]] = {name: [] for name in commands}
    for turn in range(turns):
        for name, command in commands.items():
            seconds = []
            for number, given in enumerate((few, manifest)):
                out = work / f"{name}-{turn}-{number}{'.parquet' if name == 'local' else ''}"
                start = time.monotonic()
                subprocess.run(command(given, out), check=False, capture_output=True)
                seconds.append(time.monotonic() - start)
            rate = (len(table) - len(table) // 3) / (seconds[1] - seconds[0])
            rates[name].append(rate)
            start_up = seconds[1] - len(table) / rate
            print(f"turn {turn + 1}: {name} {rate:.1f} photos/s, {start_up:.1f} s to start", flush=True)
    ratios = [ray / local for ray, local in zip(rates["Ray"], rates["local"], strict=True)]
    print(f"Ray / local: median {np.median(ratios):.2f} of {', '.join(f'{one:.2f}' for one in ratios)}")


TESTS = {
    "same": same,
    "worker": worker,
    "driver": driver,
    "stopped": stopped,
    "throughput": throughput,
}


def main() -> None:
    """Run one of the tests."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("test", choices=[*TESTS, "memory"])
    parser.add_argument("source", metavar="PHOTOS", type=Path, nargs="?")
    parser.add_argument("--photos", type=int, default=5000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--turns", type=int, default=3, help="of throughput")
    parser.add_argument("--work", type=Path, help="folder for what the test makes; default: temporary")
    options = parser.parse_args()
    os.environ.pop("RAY_ADDRESS", None)
    work = Path(tempfile.mkdtemp(dir=options.work))
    try:
        if options.test == "memory":
            memory(work, options.workers, (options.photos, 20 * options.photos))
        else:
            manifest = make_photos(options.source, options.photos, work)
            turns = {"turns": options.turns} if options.test == "throughput" else {}
            TESTS[options.test](manifest, work, options.workers, **turns)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
