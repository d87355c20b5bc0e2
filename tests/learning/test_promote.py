from __future__ import annotations

from pathlib import Path

import pytest
from drawing import draw

from zsl_images import promote
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, ClassTableWarning, DataError, PhotoWarning


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


def test_a_class_without_attributes_is_known_by_its_photos_alone(
    trained: ZeroShotClassifier, folder: Path, tmp_path: Path
) -> None:
    """Such as a class for frames without an animal."""
    few = tmp_path / "few"
    few.mkdir()
    (folder / "cyan").rename(few / "empty")
    with pytest.raises(ClassTableError, match="empty"):
        promote(trained, few)
    photos = [draw("cyan", 300), draw("red", 300), draw("blue", 300)]
    before = [one.label for one in trained.predict(photos)]
    classifier = promote(trained, few, new=True).classifier
    assert classifier.classes == (*trained.classes, "empty")
    first, *others = classifier.remove_classes(["cyan"]).predict(photos)
    assert (first.label, first.known_by) == ("empty", "photos")
    assert [one.label for one in others] == before[1:]


def test_the_unlabelled_photos_of_a_sorted_copy_are_left_out(
    trained: ZeroShotClassifier, folder: Path, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    for colour, name in (("cyan", "cyan"), ("red", "unknown"), ("blue", "unlabelled")):
        (folder / colour).rename(few / name)
    with pytest.warns(PhotoWarning, match="12 photos in unknown and unlabelled have no label"):
        promoted = promote(trained, few, new=True).classifier
    assert promoted.classes == trained.classes
    assert "cyan" in promoted.table.seen_names
