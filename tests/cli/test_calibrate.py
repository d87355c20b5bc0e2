from __future__ import annotations

from pathlib import Path

from commands import run
from drawing import draw

from zsl_images.head.head_file import load_head


def test_calibrate_writes_a_head_that_can_make_label_sets(head: Path, tmp_path: Path) -> None:
    folder, out = tmp_path / "mine", tmp_path / "calibrated.safetensors"
    for colour in ("red", "blue"):
        (folder / colour).mkdir(parents=True)
        for seed in range(10):
            draw(colour, seed).save(folder / colour / f"{seed}.png")
    result = run("classify", folder, "-w", head, "--coverage", 0.9)
    assert result.exit_code == 1
    assert "zsl calibrate" in result.stderr
    result = run("calibrate", folder, "-w", head, "-o", out)
    assert result.exit_code == 0
    assert "calibrated to 20 photos" in result.stdout
    assert load_head(out).calibration.seen_misfits
    assert "one of: red" in run("classify", folder / "red", "-w", out, "--coverage", 0.9).stdout
