from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawing import COLOURS, draw
from PIL import Image

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.evaluation.evaluate import evaluate
from zsl_images.evaluation.figures import SHOWN_MISTAKES


def test_evaluate_gives_the_figures_of_labelled_photos(
    trained: ZeroShotClassifier, tmp_path: Path
) -> None:
    for colour in COLOURS:
        (tmp_path / colour).mkdir()
        for seed in range(50, 54):
            draw(colour, seed).save(tmp_path / colour / f"{seed}.png")
    (tmp_path / "red" / "broken.png").write_text("broken")
    report = evaluate(trained, tmp_path)
    assert {"seen_accuracy", "unseen_accuracy", "T", "H", "AUSUC", "ECE"} <= set(report.figures)
    assert report.figures["s"] == report.figures["seen_accuracy"] > 0.7
    assert report.figures["T"] > 0.5
    assert [of_class.photos for of_class in report.per_class] == [4] * len(COLOURS)
    assert len(report.failures) == 1
    mean = np.mean([c.accuracy for c in report.per_class if c.is_seen])
    assert report.figures["seen_accuracy"] == pytest.approx(mean)
    right = [
        trained.predict(draw(colour, seed))[0].label == colour
        for colour in COLOURS
        for seed in range(50, 54)
    ]
    assert report.figures["per_image"] == pytest.approx(np.mean(right))


def test_photos_that_are_labelled_wrongly_are_named(
    trained: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blue").mkdir()
    for seed in range(6):
        draw("red", seed).save(tmp_path / "blue" / f"{seed}.png")
    monkeypatch.chdir(tmp_path.parent)
    report = evaluate(trained, tmp_path.name)
    assert report.confusions == (("blue", "red", 6),)
    assert len(report.mistakes) == SHOWN_MISTAKES
    for path, *mistaken in report.mistakes:
        assert Path(path).parent == tmp_path / "blue"
        assert Path(path).is_file()
        assert mistaken == ["blue", "red"]


def test_evaluate_on_seen_classes_alone_gives_no_gzsl_figures(
    trained: ZeroShotClassifier, colour_photos: Path
) -> None:
    figures = evaluate(trained, colour_photos).figures
    assert "seen_accuracy" in figures
    assert "unseen_accuracy" not in figures
    assert "H" not in figures


def test_photos_of_other_things_are_told_by_their_distance(
    trained: ZeroShotClassifier, colour_photos: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    for number in range(8):
        stripes = np.zeros((40, 48, 3), np.uint8)
        stripes[:, :: 2 + number] = rng.integers(0, 255, 3)
        Image.fromarray(stripes).save(tmp_path / f"{number}.png")
    figures = evaluate(trained, colour_photos, unknown=tmp_path).figures
    assert figures["unknown_AUROC"] > 0.8


def test_coverage_falls_and_answers_are_more_often_right_with_more_confidence(
    trained: ZeroShotClassifier, colour_photos: Path
) -> None:
    every = evaluate(trained, colour_photos).figures
    sure = evaluate(trained.with_min_confidence(0.8), colour_photos).figures
    assert every["coverage"] == 1
    assert sure["coverage"] < 1
    assert sure["answered_accuracy"] >= every["answered_accuracy"]
