from __future__ import annotations

from pathlib import Path

from commands import USAGE, run
from label_files import assert_alike, rows_of


def test_shards_are_merged(colours: Path) -> None:
    told = ("label", colours, "--max-unknown", 0)
    outs = [colours / f"{number}.csv" for number in (1, 2)]
    for number, out in enumerate(outs, 1):
        assert run(*told, "-o", out, "--shard", f"{number}/2").exit_code in (0, 3)
    result = run("merge", *outs, "--out", colours / "both.parquet")
    assert (result.exit_code, "2 photos; 0 without a label, 1 could" in result.stdout) == (0, True)
    run(*told, "-o", colours / "whole.parquet")
    by_path = [
        sorted(rows_of(colours / f"{name}.parquet"), key=lambda row: row["path"])
        for name in ("both", "whole")
    ]
    assert_alike(*by_path)


def test_wrong_shards_and_ineffective_options_are_wrong_usage(colours: Path) -> None:
    result = run("label", colours, "-o", colours / "l.csv", "--shard", "0/2")
    assert (result.exit_code, "add 1" in " ".join(result.stderr.split())) == (USAGE, True)
    assert run("merge", colours / "1.csv", "-o", colours / "a.parquet", "--excel").exit_code == USAGE
    assert run("merge", colours / "1.csv", "-o", colours / "a.csv").exit_code == 1
