"""Stress labelling: throughput, agreement, kills, memory, relabelling, hostile files.

    python tests/benchmarks/labelling.py TEST [PHOTOS] [--work FOLDER]

TEST is one of:
    throughput PHOTOS   the pipeline compared with its parts and with a plain torch loop, in one run
    agreement PHOTOS    features and labels of each engine compared with eager float32 torch and timm
    kill                20 SIGKILLs in a run of 5,000 photos, resumed after each
    memory              resident memory after 1,000 and after 50,000 photos
    relabel             100,000 stored features against 1,000 classes
    hostile             200 hostile files among 1,000 good ones
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import timm
import torch
from bad_photos import makers_of_bad_photos
from PIL import Image

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.defaults import PART_ROWS
from zsl_images.errors import BackboneError
from zsl_images.features.backbones import load_backbone
from zsl_images.features.engines import ENGINES, resolve_engine
from zsl_images.features.extraction import stream_features
from zsl_images.features.feature_files import feature_table, write_features
from zsl_images.features.photo_paths import find_images
from zsl_images.features.photos import read_image
from zsl_images.features.speed import measure
from zsl_images.features.stamps import Stamp
from zsl_images.head.feature_classifier import FeatureClassifier
from zsl_images.labelling.relabel import relabel


class _PlainPhotos(torch.utils.data.Dataset[torch.Tensor]):
    """Photos as most scripts read them."""

    def __init__(self, paths: Sequence[Path], transform: Any) -> None:
        self.paths, self.transform = paths, transform

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> torch.Tensor:
        with Image.open(self.paths[index]) as image:
            pixels: torch.Tensor = self.transform(image.convert("RGB"))
        return pixels


def plain_model() -> tuple[torch.nn.Module, Any]:
    """The default backbone as timm makes it, with timm's own transform."""
    network: Any = load_backbone(engine="torch", device="cpu").network().module.get_submodule("network")
    network = network.to(memory_format=torch.contiguous_format)
    config = timm.data.resolve_model_data_config(network)
    return network, timm.data.create_transform(**config, is_training=False)


def throughput(photos: Path, work: Path) -> None:
    """Photos per second: at least 0.9 of 1/(1/decode + 1/model), and 6 times the plain loop."""
    paths = list(find_images([photos]))[:1500]
    network, transform = plain_model()
    loader = torch.utils.data.DataLoader(_PlainPhotos(paths[:500], transform), 32, num_workers=2)
    backbone = load_backbone(device="cpu")
    for turn in range(3):
        speeds = measure(paths, backbone)
        with torch.inference_mode():
            start = time.perf_counter()
            for images in loader:
                network(images)
            plain = 500 / (time.perf_counter() - start)
        print(
            f"turn {turn + 1}: engine {speeds.engine}, decode {speeds.decode:.0f}, model "
            f"{speeds.model:.0f}, pipeline {speeds.pipeline:.0f}, plain loop {plain:.0f} photos/s; "
            f"pipeline / bound {speeds.pipeline / speeds.bound:.2f}, "
            f"pipeline / plain {speeds.pipeline / plain:.1f}",
            flush=True,
        )


def agreement(photos: Path, work: Path) -> None:
    """Cosine of features, at least 0.999, and share of equal labels, at least 99.5 %."""
    paths = list(find_images([photos]))[::2]
    network, transform = plain_model()
    plain = []
    with torch.inference_mode():
        for start in range(0, len(paths), 32):
            batch = [transform(read_image(path)) for path in paths[start : start + 32]]
            plain.append(network(torch.stack(batch)).numpy())
    expected = np.concatenate(plain)
    classifier = FeatureClassifier.load()
    answers = classifier.label_features(expected).rows[:, 0]
    for name in ENGINES:
        try:
            resolve_engine(name, torch.device("cpu"))
        except BackboneError as error:
            print(error)
            continue
        backbone = load_backbone(engine=name, device="cpu")
        rows = [row for _, rows in stream_features(paths, backbone) for row in rows]
        features = np.stack([np.asarray(row) for row in rows]).astype(np.float32)
        lengths = np.linalg.norm(features, axis=1) * np.linalg.norm(expected, axis=1)
        cosine = (features * expected).sum(1) / lengths
        is_same = classifier.label_features(features).rows[:, 0] == answers
        print(
            f"{name}: {len(paths)} photos, cosine mean {cosine.mean():.5f}, 1 % below "
            f"{np.quantile(cosine, 0.01):.5f}, least {cosine.min():.5f}; "
            f"labels equal {is_same.mean():.2%}"
        )


def command(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "zsl_images", *map(str, arguments)]


def draw_photos(folder: Path, count: int, side: int) -> None:
    """Draw small noisy JPEGs, a thousand per folder."""
    rng = np.random.default_rng(0)
    for index in range(count):
        path = folder / f"{index // 1000:03}" / f"{index:06}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (side, side, 3), np.uint8)).save(path, quality=60)


def kill(photos: Path | None, work: Path) -> None:
    """Rows equal those of an uninterrupted run, and each kill loses one part at most."""
    draw_photos(work / "photos", 5000, 64)
    whole, out = work / "whole.parquet", work / "killed.parquet"
    start = time.monotonic()
    subprocess.run(command("label", work / "photos", "-o", whole), check=True)
    seconds = time.monotonic() - start
    rng = random.Random(0)
    counts, worst = [0], 0
    kills = 0
    while kills < 20:
        process = subprocess.Popen(
            command("label", work / "photos", "-o", out, "--json-progress"),
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr
        first = process.stderr.readline()  # labelling has begun
        timer = threading.Timer(rng.uniform(0, seconds / 12), process.send_signal, (signal.SIGKILL,))
        timer.start()
        records = [line for line in [first, *process.stderr] if line.startswith("{")]
        timer.cancel()
        if process.wait() == 0:  # it came to the end before: begin again
            assert pq.read_table(out).equals(pq.read_table(whole))
            out.unlink()
            counts = [0]
            continue
        kills += 1
        parts = (work / "killed.parquet.parts").glob("*.labels.parquet")
        counts.append(sum(pq.read_metadata(part).num_rows for part in parts))
        done = max((int(line.split('"done": ')[1].split(",")[0]) for line in records), default=0)
        worst = max(worst, done - counts[-1])
        assert counts[-1] >= counts[-2]
    subprocess.run(command("label", work / "photos", "-o", out), check=True)
    killed, expected = pq.read_table(out), pq.read_table(whole)
    assert killed.equals(expected), "rows differ"
    assert len(set(killed["path"].to_pylist())) == 5000
    assert worst <= PART_ROWS, worst
    print(f"{kills} kills: rows equal, none twice, none lost; at most {worst} photos done again")


def memory(photos: Path | None, work: Path) -> None:
    """Growth of resident memory from 1,000 to 50,000 photos, below 50 MB."""
    draw_photos(work / "photos", 50_000, 32)
    process = subprocess.Popen(
        command("label", work / "photos", "-o", work / "labels.parquet", "--json-progress"),
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr
    resident: dict[int, float] = {}
    for line in process.stderr:
        if line.startswith("{"):
            done = int(line.split('"done": ')[1].split(",")[0])
            status = Path(f"/proc/{process.pid}/statm").read_text().split()
            resident[done] = int(status[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
    assert process.wait() == 0
    early = max(size for done, size in resident.items() if done <= 1000)
    late = max(size for done, size in resident.items())
    assert late - early < 50, (early, late)
    print(f"{early:.0f} MB up to 1,000 photos, {late:.0f} MB up to 50,000: {late - early:+.0f} MB")


def relabelling(photos: Path | None, work: Path) -> None:
    """100,000 stored features against 1,000 classes, below 5 s beyond start-up."""
    classifier = ZeroShotClassifier.load()
    rng = np.random.default_rng(0)
    file = work / "features.parquet"
    rows = rng.gamma(0.5, 1.0, (100_000, classifier.backbone.feature_dim)).astype(np.float16)
    stamps = [Stamp(f"photos/{index:06}.jpg", index, index) for index in range(len(rows))]
    table = feature_table(stamps, list(rows), classifier.backbone)
    write_features([table], table.schema, file)
    attributes = rng.uniform(0, 100, (1000, len(classifier.table.attribute_names)))
    names = tuple(f"class {index}" for index in range(1000))
    classes = ClassTable(names, classifier.table.attribute_names, attributes.astype(np.float32))
    classifier = FeatureClassifier.load().with_classes(classes)
    for turn in range(3):
        start = time.perf_counter()
        relabel(classifier, file, work / "labels.parquet")
        print(f"turn {turn + 1}: {time.perf_counter() - start:.2f} s")


def hostile(photos: Path | None, work: Path) -> None:
    """Every good photo gets a label, and every bad one a reason."""
    folder = work / "photos"
    draw_photos(folder, 1000, 64)
    good = sorted(folder.rglob("*.jpg"))
    whole = good[0].read_bytes()
    rng = np.random.default_rng(0)
    bad = folder / "bad"
    bad.mkdir()

    makers = makers_of_bad_photos(whole, rng)
    for index in range(200):
        kind = index % (len(makers) + 2)
        path = bad / f"{index:03}.{'jpg' if index % 2 else 'png'}"
        if kind == len(makers):
            path.symlink_to(work / "none.jpg")  # a dangling link: not walked, so named below
        elif kind == len(makers) + 1:
            os.mkfifo(path)
        else:
            path.write_bytes(makers[kind]())
    every = [*good, *sorted(bad.iterdir())]
    (work / "list.txt").write_text("\n".join(map(str, every)))
    start = time.monotonic()
    out = work / "labels.parquet"
    code = subprocess.run(command("label", work / "list.txt", "-o", out), timeout=600).returncode
    rows = {row["path"]: row for row in pq.read_table(out).to_pylist()}
    assert code == 3, code
    assert len(rows) == 1200
    assert all(rows[str(path)]["label"] and not rows[str(path)]["error"] for path in good)
    assert all(rows[str(path)]["error"] and not rows[str(path)]["label"] for path in bad.iterdir())
    print(f"1,000 labelled, 200 with a reason, {time.monotonic() - start:.0f} s")


TESTS = {
    "throughput": throughput,
    "agreement": agreement,
    "kill": kill,
    "memory": memory,
    "relabel": relabelling,
    "hostile": hostile,
}


def main() -> None:
    """Run one of the tests."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("test", choices=TESTS)
    parser.add_argument("photos", type=Path, nargs="?")
    parser.add_argument("--work", type=Path, help="folder for what the test makes; default: temporary")
    arguments = parser.parse_args()
    if arguments.test in ("throughput", "agreement") and not arguments.photos:
        parser.error(f"{arguments.test} needs PHOTOS")
    work = Path(tempfile.mkdtemp(dir=arguments.work))
    try:
        TESTS[arguments.test](arguments.photos, work)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
