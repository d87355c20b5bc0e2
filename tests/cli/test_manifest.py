from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
from commands import USAGE, run


def test_a_manifest_is_labelled_like_its_folder(colours: Path) -> None:
    result = run("manifest", colours, "--out", colours / "m.parquet")
    assert (result.exit_code, "2 photos" in result.stdout) == (0, True)
    assert len(pq.read_table(colours / "m.parquet")) == 2
    assert run("label", colours / "m.parquet", "-o", colours / "labels.csv").exit_code == 3
    assert run("label", colours / "m.parquet", "-o", colours / "labels.csv", "--prune").exit_code == 3
    assert run("manifest", colours / "nothing", "--out", colours / "n.parquet").exit_code == 1
    (colours / "empty").mkdir()
    assert run("manifest", colours / "empty", "--out", colours / "n.parquet").exit_code == USAGE
