from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from commands import USAGE, run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("photos -o out", "takes one manifest"),
        ("m.parquet n.parquet -o out", "takes one manifest"),
        ("m.parquet -o out.csv", "is a folder of Parquet files"),
        ("m.parquet -o out --shard 1/2", "--shard has no effect with --cluster"),
        ("m.parquet -o out --prune --strict", "--strict, --prune have no effect with --cluster"),
        ("m.parquet -o out --copy sorted", "--copy has no effect with --cluster"),
        ("m.parquet -o out --cluster spark", "spark"),
    ],
)
def test_wrong_usage(colours: Path, arguments: str, message: str) -> None:
    result = run("label", "--cluster", "ray", *arguments.split())
    text = " ".join(result.stderr.replace("│", " ").split())
    assert (result.exit_code, message in text) == (USAGE, True), text


def test_workers_need_a_cluster(colours: Path) -> None:
    assert run("label", colours, "-o", colours / "l.csv", "--workers", 2).exit_code == USAGE


def test_a_missing_ray_names_its_extra(colours: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ray" else find(name))
    result = run("label", "m.parquet", "--cluster", "ray", "-o", colours / "out")
    assert (result.exit_code, "zsl-images[ray]" in result.stderr) == (1, True)
