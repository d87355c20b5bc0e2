from __future__ import annotations

from pathlib import Path

from commands import run
from drawing import draw

from zsl_images.cli.console import FAILED
from zsl_images.head.head_file import load_head


def test_write_remove_and_rename(head: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "other.safetensors", tmp_path / "table.csv"
    assert "6 classes, 6 of them seen" in run("classes", "write", table, "-w", head).stdout
    before = table.read_bytes().splitlines()
    assert "5 classes" in run("classes", "remove", "green", "-w", head, "-o", out).stdout
    run("classes", "write", table, "-w", out)
    assert table.read_bytes().splitlines() == [line for line in before if line[:6] != b"green,"]
    assert run("classes", "rename", "blue", "navy", "-w", out, "-o", out).exit_code == 0
    assert load_head(out).table.names == ("red", "navy", "yellow", "magenta", "grey")
    wrong = run("classes", "remove", "bleu", "-w", head, "-o", out)
    assert wrong.exit_code == FAILED
    assert "did you mean blue?" in wrong.stderr


def test_promote_makes_classes_seen(head: Path, new: Path, tmp_path: Path) -> None:
    out = tmp_path / "grown.safetensors"
    run("classes", "add", new, "-w", head, "-o", out)
    (tmp_path / "few" / "cyan").mkdir(parents=True)
    draw("cyan", 1).save(tmp_path / "few" / "cyan" / "1.png")
    result = run("classes", "promote", tmp_path / "few", "-w", out, "-o", out)
    assert result.exit_code == 0
    assert "1 classes promoted, 7 seen in all" in result.stdout
    assert load_head(out).table.unseen_names == ("orange",)
