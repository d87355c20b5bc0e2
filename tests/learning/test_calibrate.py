from __future__ import annotations

from pathlib import Path

from zsl_images import calibrate
from zsl_images.classifier import ZeroShotClassifier


def test_photos_of_a_folder_say_what_labels_claim(trained: ZeroShotClassifier, folder: Path) -> None:
    result = calibrate(trained, folder)
    assert result.photos == 48
    before, after = (
        trained.predict(folder / "red" / "200.png")[0],
        result.classifier.predict(folder / "red" / "200.png")[0],
    )
    assert before.top[0].label == after.top[0].label
    assert result.classifier.head.calibration.temperature != trained.head.calibration.temperature
    assert result.classifier.with_coverage(0.9).predict(folder / "red" / "200.png")[0].label_set
    assert result.confidence[0] != result.confidence[1]
