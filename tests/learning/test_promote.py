from __future__ import annotations

from pathlib import Path

import pytest
from drawing import draw

from zsl_images import promote
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, ClassTableWarning, DataError


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


def test_folders_in_another_spelling_are_matched(
    trained: ZeroShotClassifier, folder: Path, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    (folder / "cyan").rename(few / "Cyan")
    with pytest.warns(ClassTableWarning, match=r"Cyan \(cyan\)"):
        assert "cyan" in promote(trained, few).classifier.table.seen_names
    (folder / "orange").rename(few / "cyan")
    with pytest.raises(ClassTableError, match="'Cyan' and 'cyan' both mean 'cyan'"):
        promote(trained, few)
