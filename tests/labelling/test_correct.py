from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from drawing import COLOURS, draw

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError
from zsl_images.labelling.correct import correct
from zsl_images.labelling.corrections import CORRECT_LABEL
from zsl_images.labelling.label import label


@pytest.fixture
def moved(tmp_path: Path) -> Path:
    """A folder of sorted photos, of which somebody has moved all blue ones to green."""
    folder = tmp_path / "sorted"
    for colour in ("red", "green"):
        (folder / colour).mkdir(parents=True)
    for seed in range(100, 106):
        draw("red", seed).save(folder / "red" / f"{seed}.png")
        draw("blue", seed).save(folder / "green" / f"{seed}.png")
    return folder


def test_moved_photos_come_nearer_to_their_new_label_and_others_keep_theirs(
    trained: ZeroShotClassifier, moved: Path
) -> None:
    result = correct(trained, moved)
    assert (result.photos, result.wrong) == (12, 6)
    green = trained.classes.index("green")
    blue = draw("blue", 100)
    after, now = (one.predict_proba(blue)[0, green] for one in (result.classifier, trained))
    assert after > 1.2 * now
    others = [colour for colour in COLOURS if colour not in ("blue", "green")]
    photos = [draw(colour, 300) for colour in others]
    before, now = (
        [one.label for one in classifier.predict(photos)] for classifier in (trained, result.classifier)
    )
    right = [colour for colour, label in zip(others, before, strict=True) if colour == label]
    assert len(right) > 3
    assert set(right) <= {colour for colour, label in zip(others, now, strict=True) if colour == label}


def test_a_label_that_is_no_class_is_refused_or_becomes_one(
    trained: ZeroShotClassifier, moved: Path
) -> None:
    (moved / "green").rename(moved / "sky")
    with pytest.raises(ClassTableError, match="no class of the head: sky"):
        correct(trained, moved)
    assert "sky" in correct(trained, moved, new=True).classifier.table.seen_names


def test_a_later_run_leaves_corrected_rows_as_they_are(
    trained: ZeroShotClassifier, moved: Path, tmp_path: Path
) -> None:
    out = tmp_path / "labels.parquet"
    label(trained, moved, out)
    table = pq.read_table(out)
    given = ["green" if "green" in path else None for path in table["path"].to_pylist()]
    pq.write_table(table.append_column(CORRECT_LABEL, [given]), out)
    corrected = correct(trained, out)
    assert corrected.photos == 6
    label(corrected.classifier, moved, out)
    after = pq.read_table(out)
    assert after["head"][0] != table["head"][0]
    assert after[CORRECT_LABEL].to_pylist() == given
