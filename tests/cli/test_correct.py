from __future__ import annotations

from pathlib import Path

from commands import USAGE, run
from drawing import draw

from zsl_images.head.head_file import load_head


def test_correct_teaches_a_head(head: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "sorted", tmp_path / "corrected.safetensors"
    for name, colour in (("red", "red"), ("green", "blue")):
        (folder / name).mkdir(parents=True)
        draw(colour, 1).save(folder / name / "1.png")
    (folder / "unknown").mkdir()
    result = run("correct", folder, "-w", head, "-o", out)
    assert result.exit_code == 0
    assert "learned from 2 photos" in result.stdout
    assert load_head(out).residuals
    assert run("correct", folder, "-w", head, "-o", out, "--min-confidence", 0.5).exit_code == USAGE
