"""Runs on a Ray cluster of this machine, each as a process of its own that can be killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from drawing import COLOURS, draw
from label_files import assert_alike, rows_of

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.cluster.ray_label import label_on_ray
from zsl_images.cluster.stores import rows_in
from zsl_images.errors import DataError
from zsl_images.features.manifests import write_manifest
from zsl_images.labelling.label import label
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.labelling.merge import merge

pytest.importorskip("ray", reason="Ray is not installed")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kills processes as Linux does")

PHOTOS = 1100


def command(manifest: object, out: object) -> list[str]:
    run = [sys.executable, "-m", "zsl_images", "label", str(manifest), "--cluster", "ray"]
    return [*run, "--out", str(out)]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of photos for three parts, one of them broken."""
    folder = tmp_path_factory.mktemp("cluster")
    (folder / "photos").mkdir()
    for seed in range(PHOTOS):
        draw(list(COLOURS)[seed % 8], seed).save(folder / "photos" / f"{seed:04}.png")
    (folder / "photos" / "0007.png").write_text("broken")
    write_manifest(folder / "photos", folder / "m.parquet")
    return folder / "m.parquet"


@pytest.fixture(autouse=True)
def _own_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


def _workers_of(driver: int) -> Iterator[int]:
    """The processes below a driver that hold a backbone."""
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
        at = process
        while at in parents and at != driver:
            at = parents[at]
        if at == driver and name.startswith("ray::") and "Labeller" in name:
            yield process


def test_killed_workers_and_drivers_lose_no_row(manifest: Path, tmp_path: Path) -> None:
    out, checkpoint = tmp_path / "labels", tmp_path / "labels.checkpoint"
    killed = []
    with subprocess.Popen(command(manifest, out), stderr=subprocess.DEVNULL) as driver:
        deadline = time.monotonic() + 240
        while driver.poll() is None and time.monotonic() < deadline:
            if not killed and (found := [*_workers_of(driver.pid)]):
                time.sleep(3)
                os.kill(found[0], signal.SIGKILL)
                killed = found
            done = sum(map(len, rows_in(str(checkpoint), ["path"]))) if checkpoint.is_dir() else 0
            if done and killed:
                driver.kill()
            time.sleep(0.2)
        driver.kill()
    assert killed
    assert 0 < done <= PHOTOS
    again = subprocess.run(command(manifest, out), capture_output=True, text=True, check=False)
    assert again.returncode == 3, again.stderr  # one photo is broken
    assert f"{PHOTOS} photos, {done} of them labelled before" in again.stdout
    merge([out], tmp_path / "merged.parquet")  # refuses a photo with two rows
    label(ZeroShotClassifier.load(), manifest, tmp_path / "local.parquet")
    by_path = [
        sorted(rows_of(tmp_path / f"{name}.parquet"), key=lambda row: row["path"])
        for name in ("merged", "local")
    ]
    assert_alike(*by_path)


def test_labels_of_another_head_are_refused(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    pq.write_table(pa.table({"path": ["/a.jpg"]}), tmp_path / "m.parquet")
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / "_origin.json").write_text(json.dumps({"head": "h", "backbone": "b"}))
    with pytest.raises(DataError, match="holds labels by head h on b"):
        label_on_ray(trained, tmp_path / "m.parquet", tmp_path / "labels")
    with pytest.raises(DataError, match="workers is 0"):
        label_on_ray(trained, tmp_path / "m.parquet", tmp_path / "labels", workers=0)


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
        paths = [f"s3://photos/{colour}.png" for colour in COLOURS]
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
    for row in rows:
        if not row["error"]:
            other = local[Path(row["path"]).name]
            assert (row["label"], row["size"]) == (other["label"], other["size"])
            assert row["probability"] == pytest.approx(other["probability"], abs=1e-3)


def _local_rows(folder: Path) -> list[dict[str, object]]:
    photos = [folder / f"{colour}.png" for colour in COLOURS]
    label(ZeroShotClassifier.load(), photos, folder / "local.parquet")
    return rows_of(folder / "local.parquet")
