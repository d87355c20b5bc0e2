"""Runs on a Ray cluster of this machine, each as a process of its own that can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from archives import png, write_images, write_shard
from benchmark_files import load_benchmark
from drawing import COLOURS, draw
from label_files import assert_alike, rows_of

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.cluster import ray_label
from zsl_images.cluster.ray_label import label_on_ray
from zsl_images.cluster.stores import rows_in
from zsl_images.errors import DataError, OutputError
from zsl_images.features.manifests import write_manifest
from zsl_images.features.remote_folders import stamps_at
from zsl_images.labelling.label import label
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.labelling.merge import merge

pytest.importorskip("ray", reason="Ray is not installed")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kills processes as Linux does")

cluster = load_benchmark("cluster")
command = cluster.cluster_command

ARCHIVED, PHOTOS = 20, 1100


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of photos for three parts, some of them in archives, some broken."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "photos").mkdir()
    for seed in range(PHOTOS - 2 * ARCHIVED):
        draw(list(COLOURS)[seed % 8], seed).save(folder / "photos" / f"{seed:04}.png")
    (folder / "photos" / "0007.png").write_text("broken")
    pictures = [b"broken", *(png("red", seed) for seed in range(1, ARCHIVED))]
    archives = write_shard(folder / "a.tar", pictures), write_images(folder / "b.parquet", pictures)
    write_manifest([folder / "photos", *archives], folder / "m.parquet")
    return folder / "m.parquet"


@pytest.fixture(autouse=True)
def _own_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


def test_killed_workers_and_drivers_lose_no_row(manifest: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels"
    killed, every = [], {}
    with subprocess.Popen(command(manifest, out), stderr=subprocess.DEVNULL) as driver:
        deadline = time.monotonic() + 240
        while driver.poll() is None and time.monotonic() < deadline:
            if not killed and (found := [*cluster.workers_of(driver.pid)]):
                time.sleep(3)
                os.kill(found[0], signal.SIGKILL)
                killed = found
            if (done := cluster.done_in(out)) and killed and not every:
                every = cluster.begun_below(driver.pid)
                driver.kill()
            time.sleep(0.2)
        driver.kill()
    assert killed
    assert 0 < done <= PHOTOS
    cut = cluster.half_uploaded(out)
    left = cluster.done_in(out)
    assert left < done
    deadline = time.monotonic() + 60
    while cluster.living(every) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert every
    assert not cluster.living(every)
    again = subprocess.run(command(manifest, out), capture_output=True, text=True, check=False)
    assert again.returncode == 3, again.stderr  # some photos are broken
    assert f"{PHOTOS} photos, {left} of them labelled before" in again.stdout
    assert not (out / cut).exists()
    merge([out], tmp_path / "merged.parquet")  # refuses a photo with two rows
    label(ZeroShotClassifier.load(), manifest, tmp_path / "local.parquet")
    by_path = [
        sorted(rows_of(tmp_path / f"{name}.parquet"), key=lambda row: row["path"])
        for name in ("merged", "local")
    ]
    assert_alike(*by_path)
    archived = [row for row in by_path[0] if "/a.tar/" in row["path"] or "/b.parquet/" in row["path"]]
    assert len(archived) == 2 * ARCHIVED
    assert sum(row["error"] is not None for row in archived) == 2


def test_a_run_that_is_terminated_leaves_no_process(manifest: Path, tmp_path: Path) -> None:
    assert cluster.left_after(command(manifest, tmp_path / "labels"), signal.SIGTERM) == []


def test_labels_of_another_head_are_refused(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    pq.write_table(pa.table({"path": ["/a.jpg"]}), tmp_path / "m.parquet")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "_origin.json").write_text(json.dumps({"head": "h", "backbone": "b"}))
    with pytest.raises(DataError, match="holds labels by head h on b"):
        label_on_ray(trained, tmp_path / "m.parquet", tmp_path / "labels")
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(OutputError, match=r"cannot write .*file/labels"):
        label_on_ray(trained, tmp_path / "m.parquet", tmp_path / "file" / "labels")
    with pytest.raises(DataError, match="workers is 0"):
        label_on_ray(trained, tmp_path / "m.parquet", tmp_path / "labels", workers=0)


@pytest.mark.parametrize("where", ["start", "run", "nowhere"])
def test_ray_is_shut_down_wherever_a_run_fails(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    calls: list[str] = []

    def init(**_: object) -> None:
        calls.append("init")
        signal.signal(signal.SIGTERM, lambda *_: None)  # as Ray does
        if where == "start":
            raise RuntimeError("no room")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", init)
    monkeypatch.setattr(ray, "shutdown", lambda: calls.append("shutdown"))
    before = signal.getsignal(signal.SIGTERM)
    failing = nullcontext() if where == "nowhere" else pytest.raises(RuntimeError, match="no room")
    with failing, ray_label._cluster():
        calls.append("run")
        if where == "run":
            raise RuntimeError("no room")
    assert calls == [step for step in ("init", "run", "shutdown") if (step, where) != ("run", "start")]
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize(
    ("device", "in_actor"), [("cpu", "cpu"), ("cuda:1", "cuda"), ("cuda:0,cuda:1", "cuda")]
)
def test_an_actor_has_one_device(trained: ZeroShotClassifier, device: str, in_actor: str) -> None:
    classifier = replace(trained, backbone=replace(trained.backbone, device=device))
    assert ray_label._for_actors(classifier).backbone.device == in_actor


def test_photos_and_labels_in_a_bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    moto = pytest.importorskip("moto.server", reason="moto, a local S3 server, is not installed")
    s3fs = pytest.importorskip("s3fs", reason="s3fs is not installed")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        settings = {
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_ACCESS_KEY_ID": "key",
            "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        bucket = s3fs.S3FileSystem(skip_instance_cache=True)
        bucket.mkdir("photos")
        for colour in COLOURS:
            draw(colour, 0).save(tmp_path / f"{colour}.png")
            bucket.put_file(str(tmp_path / f"{colour}.png"), f"photos/{colour}.png")
        shard = write_shard(tmp_path / "a.tar", [png("red", 0)])
        bucket.put_file(str(shard), "photos/a.tar")
        paths = [f"s3://photos/{colour}.png" for colour in COLOURS]
        assert [stamp.path for stamp in stamps_at("s3://photos")] == sorted(paths)
        paths += [stamp.path for stamp in stamps_at("s3://photos/*.tar")]
        paths += ["s3://photos/vanished.png", "s3://no-such-bucket/a.png"]
        pq.write_table(pa.table({"path": paths}), tmp_path / "m.parquet")
        bucket.put_file(str(tmp_path / "m.parquet"), "photos/m.parquet")
        ran = subprocess.run(
            command("s3://photos/m.parquet", "s3://photos/labels"),
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert ran.returncode == 3, ran.stderr
        rows = [
            row for table in rows_in("s3://photos/labels", SCHEMA.names) for row in table.to_pylist()
        ]
    finally:
        server.stop()
    errors = {row["path"]: row["error"] for row in rows if row["error"]}
    assert sorted(row["path"] for row in rows) == sorted(paths)
    assert sorted(errors) == sorted(paths[-2:])
    assert all("no such file" in error for error in errors.values())
    local = {Path(row["path"]).name: row for row in _local_rows(tmp_path)}
    local["000000.png"] = local["red.png"] | {"size": (tmp_path / "a.tar").stat().st_size}
    for row in rows:
        if not row["error"]:
            other = local[Path(row["path"]).name]
            assert (row["label"], row["size"]) == (other["label"], other["size"])
            assert row["probability"] == pytest.approx(other["probability"], abs=1e-3)


def _local_rows(folder: Path) -> list[dict[str, object]]:
    photos = [folder / f"{colour}.png" for colour in COLOURS]
    label(ZeroShotClassifier.load(), photos, folder / "local.parquet")
    return rows_of(folder / "local.parquet")
