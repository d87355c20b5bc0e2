"""Kills commands just before they rename or remove a file, and runs them again.

    python crashing.py HEAD FOLDER KILLS SEED

Each command runs once undisturbed; then, in new folders, with a kill at such a moment, and a second
time undisturbed. KILLS moments are chosen at random, besides as many after some time. Whatever differs
from the first run is written to stdout. All that is run in forks, which start at once.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import sys
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
from drawing import COLOURS, draw

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.features.backbones import Backbone
from zsl_images.features.engine_cache import cached
from zsl_images.features.engines import Engine
from zsl_images.features.extraction import extract_features
from zsl_images.features.manifests import write_manifest
from zsl_images.head.feature_classifier import FeatureClassifier
from zsl_images.hub.repositories import write_repository
from zsl_images.labelling.exports import write_coco, write_label_studio
from zsl_images.labelling.label import label
from zsl_images.labelling.label_files import read_labels
from zsl_images.labelling.merge import merge
from zsl_images.labelling.relabel import relabel
from zsl_images.labelling.sidecars import write_sidecars
from zsl_images.labelling.sorting import sort_photos
from zsl_images.report.report import report
from zsl_images.web.gallery import Gallery

Command = Callable[[ZeroShotClassifier], object]
MOMENTS = ("replace", "rename", "unlink", "remove", "rmdir")
"""Functions of `os` by which work becomes visible."""


def means(images: np.ndarray) -> np.ndarray:
    """Features of a picture, as the small backbone of the tests has them."""
    grid = (images / 255).reshape(len(images), 3, 2, 8, 2, 8).mean((3, 5)).reshape(len(images), 12)
    return np.concatenate([grid, grid**2], axis=1).astype(np.float32)


def small_classifier(head: Path) -> ZeroShotClassifier:
    settings = {"input_size": [3, 16, 16], "crop_mode": "squash", "interpolation": "bicubic"}
    backbone = Backbone("small", lambda: None, 24, "cpu", "torch", "0" * 64, settings)
    vars(backbone)["engine"] = Engine("torch", means)
    return ZeroShotClassifier.of(FeatureClassifier.load(head).head, backbone=backbone)


def labelled(classifier: ZeroShotClassifier, out: str = "labels.csv") -> None:
    label(classifier, ["photos"], out, features="features.parquet", part_rows=4)


def converted(folder: Path) -> None:
    (folder / "model.xml").write_text("x" * 1000)
    (folder / "model.bin").write_text("y" * 1000)


def corrected(classifier: ZeroShotClassifier) -> None:
    labelled(classifier, "labels.parquet")
    gallery = Gallery(Path("labels.parquet"))
    gallery.correct([0, 1], ["red", "blue"])
    gallery.correct([0], [None])


def sorted_by(how: str) -> Command:
    def run(classifier: ZeroShotClassifier) -> None:
        if Path("photos").exists():
            labelled(classifier)
        sort_photos("labels.csv", "sorted", how, features="features.parquet")

    return run


def exported(classifier: ZeroShotClassifier) -> None:
    labelled(classifier, "labels.parquet")
    write_coco("labels.parquet", "coco.json", classifier.classes)
    write_label_studio("labels.parquet", "tasks.json")
    write_sidecars("labels.parquet")
    report("labels.parquet", "report.html")


def merged(classifier: ZeroShotClassifier) -> None:
    for number in (1, 2):
        label(classifier, ["photos"], f"{number}.parquet", shard=f"{number}/2", part_rows=4)
    merge(["1.parquet", "2.parquet"], "merged.csv")


def relabelled(classifier: ZeroShotClassifier) -> None:
    labelled(classifier)
    relabel(classifier.only_unseen(), "features.parquet", "again.jsonl")


COMMANDS: dict[str, Command] = {
    "label, into CSV": labelled,
    "label, into Parquet": lambda classifier: labelled(classifier, "labels.parquet"),
    "copy": sorted_by("copy"),
    "move": sorted_by("move"),
    "link": sorted_by("link"),
    "export": exported,
    "merge": merged,
    "relabel": relabelled,
    "correct": corrected,
    "manifest": lambda classifier: write_manifest(["photos"], "manifest.parquet"),
    "save a head": lambda classifier: classifier.save("head.safetensors"),
    "save for a hub": lambda classifier: write_repository(classifier.own_head(), "hub", "some/head"),
    "write a table": lambda classifier: classifier.table.write("table.csv"),
    "keep features": lambda classifier: extract_features(
        sorted(Path("photos").rglob("*.png")), classifier.backbone, "kept.parquet"
    ),
    "keep a network": lambda classifier: cached("key", "a network", converted, Path.iterdir),
}


def prepared(folder: Path) -> Path:
    """A folder with photos of always the same content and times."""
    (folder / "photos" / "deeper").mkdir(parents=True)
    for seed in range(9):
        path = folder / "photos" / ("deeper" if seed % 3 else ".") / f"{seed}.png"
        draw(list(COLOURS)[seed % len(COLOURS)], seed).save(path)
        os.utime(path, (1.7e9, 1.7e9))
    (folder / "photos" / "broken.png").write_text("broken")
    os.utime(folder / "photos" / "broken.png", (1.7e9, 1.7e9))
    return folder


def run_in_fork(
    command: Command, classifier: ZeroShotClassifier, folder: Path, moment: int | float | None
) -> int:
    """Exit status of a command in a folder, killed at a moment: a number of them, or after seconds."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.chdir(folder)
    os.environ["ZSL_CACHE"] = str(folder / "cache")
    if isinstance(moment, float):
        signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        signal.setitimer(signal.ITIMER_REAL, moment)
    kill_at(moment if isinstance(moment, int) else 0)
    try:
        command(classifier)
        os._exit(0)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        os._exit(99)


def kill_at(moment: int) -> None:
    """Let this process be killed just before it renames or removes a file for the n-th time.

    The number of times is noted beside the folder, if it is never killed (0).
    """
    left, noted = moment, Path("../moments").resolve()

    def counting(function: Callable[..., None]) -> Callable[..., None]:
        def counted(*given: object, **named: object) -> None:
            nonlocal left
            left -= 1
            if moment == 0:
                noted.write_text(str(-left))
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
            function(*given, **named)

        return counted

    for name in MOMENTS:
        setattr(os, name, counting(getattr(os, name)))


def content(folder: Path) -> dict[str, object]:
    """What is in a folder: names of files, rows of labels, and hashes of what does not hold paths."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        name = re.sub(r"[0-9a-f]{8}\.copies", "HASH.copies", str(path.relative_to(folder)))
        if path.is_symlink() or path.is_dir() or path.suffix in (".parquet", ".html"):
            found[name] = "there"
        else:
            text = path.read_bytes().replace(bytes(folder), b"FOLDER")
            found[name] = sha256(text).hexdigest()
        is_ours = path.name.startswith(("labels.", "merged.", "again."))
        if is_ours and path.suffix in (".csv", ".jsonl", ".parquet"):
            rows = [row for table in read_labels(path) for row in table.to_pylist()]
            found[name] = sorted((row["path"].replace(str(folder), ""), row["label"]) for row in rows)
    return found


def photos_in(folder: Path) -> Counter[str]:
    """The photos below a folder, by their content."""
    paths = [path for path in folder.rglob("*.png") if path.is_file() and not path.is_symlink()]
    return Counter(sha256(path.read_bytes()).hexdigest() for path in paths)


def faults_of(
    name: str, classifier: ZeroShotClassifier, folder: Path, most: int, chance: random.Random
) -> tuple[list[str], int]:
    """What went wrong in a command that was killed, and how often it was."""
    command, faults, kills = COMMANDS[name], [], 0
    whole = prepared(folder / "whole")
    photos = set(photos_in(whole))
    if run_in_fork(command, classifier, whole, None):
        return [f"{name} fails"], 0
    wanted = content(whole)
    moments = range(1, int((folder / "moments").read_text()) + 1)
    times = [chance.uniform(0.001, 0.2) for _ in range(most)]
    for moment in [*chance.sample(moments, min(most, len(moments))), *times]:
        at = f"{name}, killed at {moment}"
        killed = prepared(folder / "killed")
        status = run_in_fork(command, classifier, killed, moment)
        kills += status == -signal.SIGKILL
        for left in (killed / "cache").rglob("*"):  # the cache waits for an hour before it sweeps
            os.utime(left, (1e9, 1e9))
        if lost := photos - set(photos_in(killed)):
            faults.append(f"{at}: {len(lost)} photos are lost")
        if again := run_in_fork(command, classifier, killed, None):
            faults.append(f"{at}: the second run ends with {again}")
        found = content(killed)
        for path in sorted(found.keys() | wanted.keys()):
            if found.get(path) != wanted.get(path):
                faults.append(f"{at}: {path} is {found.get(path)}, not {wanted.get(path)}")
        shutil.rmtree(killed)
    return faults, kills


def main(head: Path, folder: Path, most: int, seed: int) -> None:
    classifier, chance = small_classifier(head), random.Random(seed)
    for name in COMMANDS:
        place = folder / name.replace(" ", "-")
        place.mkdir()
        faults, kills = faults_of(name, classifier, place, most, chance)
        print(json.dumps({"command": name, "kills": kills, "faults": faults}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
