from __future__ import annotations

from pathlib import Path

from drawing import COLOURS, draw

from zsl_images import adapt
from zsl_images.classifier import ZeroShotClassifier


def test_adapt_takes_any_folder(trained: ZeroShotClassifier, folder: Path) -> None:
    (folder / "broken.png").write_text("broken")
    result = adapt(trained, folder)
    assert result.report.photos == 6 * len(COLOURS)
    assert len(result.failures) == 1
    assert set(result.classifier.head.residuals) == set(trained.table.unseen_names)
    assert result.classifier.table.names == trained.table.names


def test_adapt_keeps_to_the_candidates(trained: ZeroShotClassifier, folder: Path) -> None:
    for seed in range(10):
        draw("orange", seed).save(folder / "orange" / f"{seed}.png")
    narrow = trained.with_classes(trained.table.select(["red", "green", "yellow", "orange"]))
    result = adapt(narrow.with_seen_penalty(2.0), folder)
    assert set(result.classifier.head.residuals) == {"orange"}
    assert result.classifier.seen_penalty == 2.0
