from __future__ import annotations

from pathlib import Path

import yaml

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.hub.cards import recorded_sha256
from zsl_images.hub.checksums import sha256_of


def test_a_card_says_what_the_head_file_holds(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    trained.save_pretrained(tmp_path / "colours", licence="apache-2.0")
    card = tmp_path / "colours" / "README.md"
    _, front, text = card.read_text("utf-8").split("---\n", 2)
    data = yaml.safe_load(front)
    assert (data["license"], data["library_name"]) == ("apache-2.0", "zsl_images")
    assert data["pipeline_tag"] == "zero-shot-image-classification"
    assert data["zsl_images"]["backbone"] == "small"
    assert recorded_sha256(card) == sha256_of(tmp_path / "colours" / "head.safetensors")
    for name in trained.classes:
        assert name in text
    for name, value in trained.head.calibration.metrics.items():
        assert f"| {name} | {value:.3f} |" in text
    assert 'from_pretrained("colours")' in text


def test_a_card_of_something_else_records_no_hash(tmp_path: Path) -> None:
    card = tmp_path / "README.md"
    assert recorded_sha256(card) is None
    for text in ("# Hello", "---\nlicense: mit\n---\n", "---\nzsl_images: 3\n---\n", "---\n: [\n---\n"):
        card.write_text(text)
        assert recorded_sha256(card) is None
