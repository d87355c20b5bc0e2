"""Labelling on a Ray cluster: a manifest becomes a folder of Parquet files.

manifest ─▶ decode (tasks) ─▶ backbone and head (actors) ─▶ parts, each with its checkpoint
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any

from zsl_images.arguments import count
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.cluster.stages import Labeller, decode, decoder_of
from zsl_images.cluster.stores import check_manifest, rows_in, settle, store_of
from zsl_images.defaults import BATCH_SIZE, PART_ROWS, TOP_K
from zsl_images.errors import DataError, OutputError, ZSLError
from zsl_images.labelling.label_rows import origin_of
from zsl_images.labelling.runs import Progress

_MOST_PARTS = 10_000
"""Parts of a run; if there are more photos, the parts are larger."""

_ORIGIN = "_origin.json"
"""Name of the file in the folder that says which head and settings made its rows."""


def label_on_ray(
    classifier: ZeroShotClassifier,
    manifest: str | os.PathLike[str],
    out: str | os.PathLike[str],
    *,
    top_k: int = TOP_K,
    batch_size: int = BATCH_SIZE,
    workers: int | None = None,
) -> Progress:
    """Label the photos of a manifest on a Ray cluster, or on the cores of this machine.

    The cluster is the one that $RAY_ADDRESS names. The same call continues a run that was stopped or
    killed: photos that have a row are not opened again, readable or not.

    Args:
        classifier: Classifier with its candidates and settings.
        manifest: Parquet file with a column `path`: absolute paths, the same on each machine, or
            addresses that fsspec opens, such as s3://bucket/photo.jpg.
        out: Folder of the labels, a path or an address. It receives Parquet files with the columns of
            a label file; `OUT.checkpoint` beside it says which photos are done.
        top_k: Number of candidates per row.
        batch_size: Photos that pass the backbone at once.
        workers: Number of actors with a backbone. Default: one per GPU, or one per two cores.

    Returns:
        How many photos the folder holds, and what they show.

    Raises:
        DataError: Ray is not installed, the manifest cannot be used, or `out` holds labels of another
            head or other settings.
        OutputError: The run failed; what it has done is kept.
    """
    if importlib.util.find_spec("ray") is None:
        raise DataError('a cluster needs Ray, not installed here; run: pip install "zsl-images[ray]"')
    count("batch_size", batch_size)
    if workers is not None:
        count("workers", workers)
    manifest, out = os.fspath(manifest), os.fspath(out).rstrip("/")
    classifier = _for_actors(classifier)
    origin = origin_of(classifier, top_k)
    rows = check_manifest(manifest)
    with _writing(out):
        _claim(out, origin)
        settle(_checkpoint_of(out))
        kept = sum(map(len, rows_in(_checkpoint_of(out), ["path"])))
    import ray

    with _cluster(), _context(out):
        parts = max(1, min(-(-rows // PART_ROWS), _MOST_PARTS))
        system, inside = store_of(manifest)
        photos = ray.data.read_parquet(
            inside, filesystem=system, columns=["path"], override_num_blocks=parts
        )
        pictures = photos.map_batches(
            partial(decode, backbone=decoder_of(classifier.backbone)),
            batch_size=batch_size,
            batch_format="pyarrow",
            num_cpus=1,
        )
        labels = pictures.map_batches(
            Labeller,
            fn_constructor_args=(ray.put(classifier), top_k),
            batch_size=batch_size,
            batch_format="pyarrow",
            **_actors(classifier.backbone.device, workers),
        )
        system, inside = store_of(out)
        try:
            labels.write_parquet(inside, filesystem=system)
        except Exception as error:  # Ray's, and those of each protocol's client
            raise OutputError(
                f"the run failed ({_last_line(error)}); what is done is kept: run it again to continue"
            ) from error
    progress = Progress()
    with _writing(out):
        for table in rows_in(out, ["path", "label", "answer", "is_unknown", "error"]):
            progress = progress.with_rows(table)
    return replace(progress, kept=kept, is_complete=True)


def _checkpoint_of(out: str) -> str:
    """The folder in which Ray notes the photos whose rows are written."""
    return f"{out}.checkpoint"


def _claim(out: str, origin: dict[str, str]) -> None:
    """Note in the folder which head its labels are from, or refuse labels of another one.

    Raises:
        DataError: It holds labels of another head.
    """
    system, inside = store_of(out)
    system.create_dir(inside, recursive=True)
    try:
        with system.open_input_file(f"{inside}/{_ORIGIN}") as file:
            found = json.loads(file.read())
    except FileNotFoundError:
        with system.open_output_stream(f"{inside}/{_ORIGIN}") as file:
            file.write(json.dumps(origin).encode())
        return
    if found != origin:
        raise DataError(
            f"{out} holds labels by head {found.get('head')} on {found.get('backbone')}, but this is "
            f"head {origin['head']} on {origin['backbone']}; choose another folder, or remove it and "
            f"{_checkpoint_of(out)}"
        )


@contextmanager
def _writing(out: str) -> Iterator[None]:
    """Say of which folder an error is; each protocol's client raises errors of its own.

    Raises:
        OutputError: It cannot be read or written.
    """
    try:
        yield
    except ZSLError:
        raise
    except Exception as error:
        raise OutputError(f"cannot write {out}: {_last_line(error)}; choose another place") from error


def _for_actors(classifier: ZeroShotClassifier) -> ZeroShotClassifier:
    """The classifier on one GPU, whichever Ray gives to an actor, if it is on GPUs."""
    backbone = classifier.backbone
    if not backbone.device.startswith("cuda"):
        return classifier
    return replace(classifier, backbone=replace(backbone, device="cuda"))


def _actors(device: str, workers: int | None) -> dict[str, Any]:
    """How many actors have a backbone, and what each of them takes of the cluster."""
    import ray

    found = ray.cluster_resources()  # type: ignore[no-untyped-call]
    cores, gpus = int(found.get("CPU", 1)), int(found.get("GPU", 0))
    if device.startswith("cuda"):
        size = workers or max(1, gpus)
        return {"compute": ray.data.ActorPoolStrategy(size=size), "num_gpus": 1}
    size = workers or max(1, cores // 2)
    # One core stays free for tasks and one for the actor that reads the checkpoint, or else all would
    # wait for ever; of the others, half decode. A whole core, as tasks have it, would let Ray fuse both
    # stages into the actors.
    share = min(0.9, max(0, cores - 2) / 2 / size)
    return {"compute": ray.data.ActorPoolStrategy(size=size), "num_cpus": share}


@contextmanager
def _cluster() -> Iterator[None]:
    """A connection to Ray while the body runs; one that is there already stays."""
    import ray

    if ray.is_initialized():
        yield
        return
    before = signal.getsignal(signal.SIGTERM)  # Ray takes it over
    try:
        ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
        yield
    finally:
        ray.shutdown()
        if before is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)


@contextmanager
def _context(out: str) -> Iterator[None]:
    """Ray Data's settings for a run that writes `out`, while the body runs."""
    from ray.data import DataContext
    from ray.data.checkpoint import CheckpointConfig

    context = DataContext.get_current()
    names = ("checkpoint_config", "enable_progress_bars")
    before = {name: getattr(context, name) for name in names}
    system, inside = store_of(_checkpoint_of(out))
    context.enable_progress_bars = sys.stderr.isatty()
    log = logging.getLogger("ray.data")
    level = log.level
    log.setLevel(logging.ERROR)
    context.checkpoint_config = CheckpointConfig(
        "path", inside, override_filesystem=system, delete_checkpoint_on_success=False
    )
    try:
        yield
    finally:
        log.setLevel(level)
        for name, value in before.items():
            setattr(context, name, value)


def _last_line(error: Exception) -> str:
    return next(iter(reversed(str(error).strip().splitlines())), type(error).__name__)
