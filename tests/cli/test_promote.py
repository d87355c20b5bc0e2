from __future__ import annotations

from pathlib import Path

from commands import run
from drawing import draw

from zsl_images.head.head_file import load_head


def test_promote_makes_classes_seen(head: Path, new: Path, tmp_path: Path) -> None:
    out = tmp_path / "grown.safetensors"
    run("classes", "add", new, "-w", head, "-o", out)
    (tmp_path / "few" / "cyan").mkdir(parents=True)
    draw("cyan", 1).save(tmp_path / "few" / "cyan" / "1.png")
    result = run("classes", "promote", tmp_path / "few", "-w", out, "-o", out)
    assert result.exit_code == 0
    assert "1 class promoted, 7 seen in all" in result.stdout
    assert load_head(out).table.unseen_names == ("orange",)
