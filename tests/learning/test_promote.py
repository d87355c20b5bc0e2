from __future__ import annotations

from pathlib import Path

import pytest
from drawing import COLOURS, draw

from zsl_images import adapt, promote
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for colour in COLOURS:
        (tmp_path / "mixed" / colour).mkdir(parents=True)
        for seed in range(200, 206):
            draw(colour, seed).save(tmp_path / "mixed" / colour / f"{seed}.png")
    return tmp_path / "mixed"


def test_promote_takes_a_folder_a_class(
    trained: ZeroShotClassifier, folder: Path, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    (folder / "cyan").rename(few / "cyan")
    (few / "cyan" / "broken.png").write_text("broken")
    result = promote(trained, few)
    assert "cyan" in result.classifier.table.seen_names
    assert result.classifier.head.table is result.classifier.table
    (failure,) = result.failures
    assert "broken.png" in failure.reason
    assert result.classifier.predict(draw("cyan", 300))[0].is_seen
    with pytest.raises(DataError, match="already: cyan"):
        promote(result.classifier, few)
    (few / "cyan").rename(few / "mauve")
    with pytest.raises(ClassTableError, match="mauve"):
        promote(trained, few)


def test_adapt_takes_any_folder(trained: ZeroShotClassifier, folder: Path) -> None:
    (folder / "broken.png").write_text("broken")
    result = adapt(trained, folder)
    assert result.report.photos == 6 * len(COLOURS)
    assert len(result.failures) == 1
    assert set(result.classifier.head.residuals) == set(trained.table.unseen_names)
    assert result.classifier.table.names == trained.table.names


def test_adapt_keeps_to_the_candidates(trained: ZeroShotClassifier, folder: Path) -> None:
    narrow = trained.with_classes(trained.table.select(["red", "green", "yellow", "orange"]))
    result = adapt(narrow.with_seen_penalty(2.0), folder)
    assert set(result.classifier.head.residuals) == {"orange"}
    assert result.classifier.seen_penalty == 2.0
