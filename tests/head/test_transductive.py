from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from drawing import COLOURS, UNSEEN, draw

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError
from zsl_images.features.extraction import stream_features
from zsl_images.head.head import Head
from zsl_images.head.transductive import AdaptConfig, adapt_head


def features_of(
    classifier: ZeroShotClassifier, counts: dict[str, int], first: int = 0
) -> tuple[np.ndarray, list[str]]:
    """Features of `counts` drawn photos a colour, and the colours."""
    labels = [colour for colour, count in counts.items() for _ in range(count)]
    images = [draw(c, first + s) for c, count in counts.items() for s in range(count)]
    ((_, features),) = stream_features(images, classifier.backbone, len(images))
    return np.stack(features).astype(np.float32), labels


@pytest.fixture
def off(trained: ZeroShotClassifier) -> Head:
    """The trained head with the priors of its unseen classes a little off their photos."""
    model, generator = trained.head.model, torch.Generator().manual_seed(0)
    pushes = {}
    for name in UNSEEN:
        photos, _ = features_of(trained, {name: 20}, first=800)
        place = torch.nn.functional.normalize(model.latents(torch.from_numpy(photos)).mean(0), dim=0)
        push = torch.nn.functional.normalize(torch.randn(len(place), generator=generator), dim=0)
        prior = model.class_priors(torch.tensor(trained.table.select([name]).attributes))[0]
        place = torch.nn.functional.normalize(place + push / 4, dim=0) * model.config.radius
        pushes[name] = (place - prior).numpy()
    return replace(trained.head, residuals=pushes)


def distances(head: Head, features: np.ndarray, labels: list[str]) -> float:
    rows = [head.table.names.index(label) for label in labels]
    return float(-head.scores(head.table, features)[np.arange(len(rows)), rows].mean())


@pytest.mark.parametrize("rare", [20, 5], ids=["balanced", "4:1"])
def test_unseen_classes_move_to_their_photos(trained: ZeroShotClassifier, off: Head, rare: int) -> None:
    counts = dict.fromkeys(COLOURS, 20) | {"orange": rare}
    folder, _ = features_of(trained, counts)
    adapted, _ = adapt_head(off, folder)
    held_out, labels = features_of(trained, dict.fromkeys(UNSEEN, 10), first=500)
    assert distances(adapted, held_out, labels) < distances(off, held_out, labels)


def test_seen_classes_and_the_model_stay(trained: ZeroShotClassifier, off: Head) -> None:
    folder, _ = features_of(trained, dict.fromkeys(COLOURS, 10))
    adapted, _ = adapt_head(off, folder)
    seen = off.table.is_seen
    np.testing.assert_array_equal(
        adapted.class_priors(off.table)[seen], off.class_priors(off.table)[seen]
    )
    assert adapted.frozen is off.frozen
    assert adapted.table is off.table


def test_a_class_without_photos_hardly_moves(trained: ZeroShotClassifier) -> None:
    folder, _ = features_of(trained, {colour: 12 for colour in COLOURS if colour != "cyan"})
    config = AdaptConfig(least_unseen=0)
    adapted, _ = adapt_head(trained.head, folder, config)
    assert np.linalg.norm(adapted.residuals["cyan"]) < np.linalg.norm(adapted.residuals["orange"])


def test_a_class_that_is_absent_is_not_drawn_to_photos_of_others(trained: ZeroShotClassifier) -> None:
    """At a temperature at which each photo counts a little for every class."""
    folder, _ = features_of(trained, {"orange": 60, "red": 5, "green": 5, "blue": 5})
    calibration = replace(trained.head.calibration, temperature=20.0, seen_penalty=0.0)
    head = replace(trained.head, calibration=calibration)
    config = AdaptConfig(least_unseen=0, least_agreement=0, most_of_one=1)
    adapted, _ = adapt_head(head, folder, config)
    moved = {name: np.linalg.norm(residual) for name, residual in adapted.residuals.items()}
    assert moved["cyan"] < moved["orange"] / 8


def test_a_stronger_prior_moves_less(trained: ZeroShotClassifier, off: Head) -> None:
    folder, _ = features_of(trained, dict.fromkeys(COLOURS, 10))
    moved = []
    for photos_of_prior in (1, 10, 1e9):
        adapted, _ = adapt_head(off, folder, AdaptConfig(photos_of_prior=photos_of_prior))
        difference = adapted.class_priors(off.table) - off.class_priors(off.table)
        moved.append(float(np.linalg.norm(difference)))
    assert moved[0] > moved[1] > moved[2]
    assert moved[2] == pytest.approx(0, abs=1e-4)


def test_the_report_counts_what_changed(trained: ZeroShotClassifier, off: Head) -> None:
    folder, _ = features_of(trained, dict.fromkeys(COLOURS, 10))
    adapted, report = adapt_head(off, folder)
    assert report.photos == len(folder)
    penalty = off.calibration.seen_penalty * off.table.is_seen
    before, after = ((head.scores(off.table, folder) - penalty).argmax(1) for head in (off, adapted))
    assert report.agreement == pytest.approx((before == after).mean())
    assert report.counts == tuple(
        (name, int((before == row).sum()), int((after == row).sum()))
        for row, name in sorted(
            enumerate(off.table.names),
            key=lambda item: (-(after == item[0]).sum(), -(before == item[0]).sum(), item[0]),
        )
        if (before == row).any() or (after == row).any()
    )
    assert all(0 < value <= 1 for value in report.confidence)
    is_unseen = ~off.table.is_seen
    assert report.unseen == tuple(int(is_unseen[labels].sum()) for labels in (before, after))


def test_small_and_one_sided_folders_are_refused(trained: ZeroShotClassifier) -> None:
    head = trained.head
    few, _ = features_of(trained, dict.fromkeys(COLOURS, 3))
    with pytest.raises(DataError, match="24 photos that can be read, expected 30"):
        adapt_head(head, few)
    one, _ = features_of(trained, {"orange": 40, "red": 5})
    with pytest.raises(DataError, match="too one-sided"):
        adapt_head(head, one)
    seen, _ = features_of(trained, dict.fromkeys(("red", "green", "blue", "magenta"), 10))
    with pytest.raises(DataError, match="seem to show unseen classes"):
        adapt_head(head, seen)
    only_seen = replace(head, table=head.table.select(head.table.seen_names))
    with pytest.raises(DataError, match="none to adapt"):
        adapt_head(only_seen, seen)


def test_a_folder_of_seen_classes_moves_nothing(trained: ZeroShotClassifier, off: Head) -> None:
    """Not even if the head is so unsure that some photos of seen classes seem to show unseen ones."""
    photos, _ = features_of(trained, dict.fromkeys(off.table.seen_names, 20))
    calibration = replace(off.calibration, temperature=20.0)
    unsure = replace(off, calibration=calibration)
    adapt_head(unsure, photos, AdaptConfig(least_unseen=0, least_ratio=0, least_agreement=0))
    with pytest.raises(
        DataError, match=r"only about \d+ of 120 photos .* expected \d+ or more, or seen"
    ):
        adapt_head(unsure, photos)
    mixed, _ = features_of(trained, dict.fromkeys(COLOURS, 20))
    adapt_head(off, mixed)


def test_what_would_change_nearly_every_label_is_refused(
    trained: ZeroShotClassifier, off: Head
) -> None:
    folder, _ = features_of(trained, dict.fromkeys(COLOURS, 10))
    _, report = adapt_head(off, folder)
    with pytest.raises(DataError, match="of the labels, expected at most"):
        adapt_head(off, folder, AdaptConfig(least_agreement=report.agreement + 0.01))
