from __future__ import annotations

import numpy as np
from drawing import COLOURS, features_of

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.head.bursts import bursts_of, together
from zsl_images.results import PhotoFacts


def _at(seconds: int, model: str = "X") -> PhotoFacts:
    return PhotoFacts(f"2024-05-31 18:{seconds // 60:02}:{seconds % 60:02}", "Make", model)


def test_a_burst_is_one_camera_in_one_folder_with_short_pauses() -> None:
    photos = [
        ("/a/1.jpg", _at(0)),
        ("/a/2.jpg", _at(8)),
        ("/a/4.jpg", _at(40)),
        ("/a/3.jpg", _at(16)),  # 16 s after the first, but 8 s after the one before
        ("/b/1.jpg", _at(1)),
        ("/a/5.jpg", _at(1, "Y")),
        ("/a/6.jpg", PhotoFacts()),
        ("/a/7.jpg", PhotoFacts("no time")),
    ]
    found = bursts_of(*zip(*photos, strict=True), seconds=10).tolist()
    assert found[0] == found[1] == found[3]
    assert len(set(found)) == 6
    assert len(set(bursts_of(*zip(*photos, strict=True), seconds=7))) == 8


def test_photos_of_a_burst_get_the_mean_of_their_log_probabilities() -> None:
    probabilities = np.float32([[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])
    distances = np.float32([1, 3, 5])
    found, mean = together(probabilities, distances, np.array([4, 4, 2]))
    expected = np.sqrt(probabilities[0] * probabilities[1])
    np.testing.assert_allclose(found[0], expected / expected.sum(), rtol=1e-5)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(found[2], probabilities[2], rtol=1e-5)
    np.testing.assert_array_equal(mean, [2, 2, 5])


def test_a_burst_has_one_answer(trained: ZeroShotClassifier) -> None:
    features = features_of(trained, list(COLOURS)[:6], range(1))
    decide = trained.decider()
    apart, one = decide(features), decide(features, np.zeros(6, np.int64))
    assert len(set(apart.rows[:, 0].tolist())) > 1
    assert len(set(one.rows[:, 0].tolist())) == 1
    assert len(set(one.unknown_scores.tolist())) == 1
    assert trained.bursts_of(["a"], [PhotoFacts()]) is None
    assert trained.with_burst(10).fingerprint() != trained.fingerprint()
