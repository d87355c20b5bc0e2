from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from classifiers import KnownWorld

from zsl_images.errors import DataError
from zsl_images.head.calibration import calibration_error, fit_temperature
from zsl_images.head.edit_classes import promote_classes
from zsl_images.head.fit_rows import train_on_rows
from zsl_images.head.head import BackboneInfo, Head
from zsl_images.head.head_file import load_head, save_head

WORLD = KnownWorld()
INFO = BackboneInfo("small")


@pytest.fixture(scope="module")
def head() -> Head:
    """A head of 40 classes with a row and 20 that are known by their attributes alone."""
    return train_on_rows(WORLD.rows(range(40)), WORLD.table, INFO)


def test_no_photo_is_needed(head: Head) -> None:
    found = head.scores(head.table, WORLD.features).argmax(1) == WORLD.labels
    assert found[WORLD.labels < 40].mean() > 0.35
    assert found[WORLD.labels >= 40].mean() > 3 / 60
    assert not head.table.is_seen.any()
    assert len(head.table.row_names) == 40


def test_the_temperature_suits_photos_that_nobody_gave_it(head: Head) -> None:
    scores = head.scores(head.table, WORLD.features)
    best = fit_temperature(scores, WORLD.labels)
    assert 0.3 < head.calibration.temperature / best < 3
    assert calibration_error(scores, WORLD.labels, head.calibration.temperature) < 0.3


def test_the_head_goes_into_a_file_and_back(head: Head, tmp_path: Path) -> None:
    save_head(head, tmp_path / "head.safetensors")
    again = load_head(tmp_path / "head.safetensors")
    assert again.table.row_names == head.table.row_names
    assert again.calibration == head.calibration
    assert not again.calibration.uses_photos
    expected = head.scores(head.table, WORLD.features)
    assert np.array_equal(again.scores(again.table, WORLD.features), expected)


def test_the_seen_penalty_is_for_rows_where_no_photo_chose_it(head: Head) -> None:
    """Also if no candidate has photos: a penalty chosen on photos says nothing of rows."""
    table = head.table
    assert not table.is_seen.any()
    assert 0 < head.penalised(table).sum() == table.is_known.sum() < len(table)
    by_photos = replace(head, calibration=replace(head.calibration, uses_photos=True))
    assert not by_photos.penalised(table).any()
    one = table.with_seen([table.names[0]])
    assert by_photos.penalised(one).sum() == 1


def test_a_row_weighs_against_photos(head: Head) -> None:
    features, labels = WORLD.of([3, 50])  # the first has a row
    one = np.array([np.flatnonzero(labels == label)[0] for label in (3, 50)])
    names = [WORLD.names[label] for label in labels[one]]
    promoted = promote_classes(head, features[one], names)
    before = head.priors_of(head.table.select(names).attributes)
    gap = np.linalg.norm(head.frozen.latents(features[one]) - before, axis=1)
    share = [np.linalg.norm(promoted.residuals[name]) for name in names] / gap
    assert share[0] < 0.6 * share[1]


def test_a_few_photos_make_a_class_seen(head: Head) -> None:
    features, labels = WORLD.of(range(40, 44))
    names = [WORLD.names[label] for label in labels]
    promoted = promote_classes(head, features[::2], names[::2])
    before, after = (
        (h.scores(h.table, features[1::2]).argmax(1) == labels[1::2]).mean() for h in (head, promoted)
    )
    assert after > before + 0.1
    assert promoted.table.seen_names == WORLD.names[40:44]


def test_two_classes_are_too_few_to_learn_from() -> None:
    with pytest.raises(DataError, match="2 classes of the backbone, expected 3 or more"):
        train_on_rows(WORLD.rows(range(2)), WORLD.table, INFO)
