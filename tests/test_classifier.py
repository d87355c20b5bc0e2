from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import timm
from drawing import COLOURS, UNSEEN, draw
from safetensors.torch import save_file

from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import DataError, ImageError, ZSLError
from zsl_images.features.backbones import load_backbone
from zsl_images.head.head_file import save_head
from zsl_images.learning.train import train
from zsl_images.model.config import Recipe
from zsl_images.results import Failure, PhotoFacts, Prediction


def test_seen_and_unseen_colours_are_named(trained: ZeroShotClassifier) -> None:
    for colour in COLOURS:
        (prediction,) = trained.only_unseen().predict(draw(colour, 99), top_k=2)
        if colour in UNSEEN:
            assert prediction.label == colour
            assert not prediction.is_seen
    seen = [colour for colour in COLOURS if colour not in UNSEEN]
    predictions = trained.with_seen_penalty(0).predict([draw(colour, 99) for colour in seen])
    right = [prediction.label == colour for prediction, colour in zip(predictions, seen, strict=True)]
    assert sum(right) >= len(seen) - 1


def test_candidates_are_sorted_and_their_probabilities_sum_to_one(
    trained: ZeroShotClassifier,
) -> None:
    (prediction,) = trained.predict(draw("red", 3), top_k=99)
    probabilities = [candidate.probability for candidate in prediction.top]
    assert len(probabilities) == len(COLOURS)
    assert sum(probabilities) == pytest.approx(1, abs=1e-5)
    assert probabilities == sorted(probabilities, reverse=True)
    assert prediction.probability == probabilities[0]


def test_a_batch_equals_one_by_one(trained: ZeroShotClassifier) -> None:
    images = [draw(colour, seed) for colour in COLOURS for seed in range(5)]
    whole = trained.predict(images)
    single = [trained.predict(image)[0] for image in images]
    assert [p.label for p in whole] == [p.label for p in single]
    np.testing.assert_allclose(
        [p.probability for p in whole], [p.probability for p in single], atol=0.02
    )


def test_given_weights_run_as_the_head_was_trained(
    colour_photos: Path, colour_table: ClassTable, tmp_path: Path, small_recipe: Recipe
) -> None:
    """A head of a backbone with its own image size and pooling asks for neither again."""
    weights = tmp_path / "vit.safetensors"
    save_file(timm.create_model("test_vit").state_dict(), weights)
    backbone = load_backbone("test_vit", weights, "cpu", "torch", image_size=96, pooling="avg")
    mine = train(colour_photos, colour_table, backbone=backbone, recipe=small_recipe, folds=0)
    mine.classifier.save(tmp_path / "head.safetensors")
    loaded = ZeroShotClassifier.load(
        tmp_path / "head.safetensors", backbone_weights=weights, device="cpu", engine="torch"
    )
    assert loaded.backbone.preprocessing["input_size"] == [3, 96, 96]
    photo = draw("red", 99)
    assert loaded.predict(photo)[0].label == mine.classifier.predict(photo)[0].label


def test_paths_images_and_arrays_are_the_same(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    image = draw("blue", 1)
    image.save(tmp_path / "blue.png")
    of_path, of_image, of_array = trained.predict([tmp_path / "blue.png", image, np.asarray(image)])
    assert of_path.top == of_image.top == of_array.top
    assert (of_path.path, of_image.path) == (str(tmp_path / "blue.png"), None)


def test_one_bad_photo_raises_in_predict_and_is_a_failure_in_stream(
    trained: ZeroShotClassifier, tmp_path: Path
) -> None:
    draw("red", 0).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("broken")
    draw("green", 0).save(tmp_path / "c.png")
    paths = [tmp_path / name for name in ("a.png", "b.png", "c.png")]
    with pytest.raises(ImageError, match=r"b\.png"):
        trained.predict(paths)
    a, b, c = trained.stream(paths)
    assert isinstance(a, Prediction)
    assert isinstance(c, Prediction)
    assert isinstance(b, Failure)
    assert b.to_dict()["error"] == b.reason
    assert a.to_dict().keys() == b.to_dict().keys()


def test_another_table_gives_other_candidates_known_before_or_not(
    trained: ZeroShotClassifier, colour_table: ClassTable
) -> None:
    names = ("blue", "night", "red")
    attributes = np.array([[110, 200, 60, 40], [10, 10, 10, 10], [93, 40, 40, 200]])
    table = ClassTable(names, ("light", "blueness", "greenness", "redness"), attributes)
    classifier = trained.with_classes(table)
    assert classifier.table.attribute_names == colour_table.attribute_names
    assert classifier.table.is_seen.tolist() == [True, False, True]
    (prediction,) = classifier.predict(draw("red", 5), top_k=9)
    assert {candidate.label for candidate in prediction.top} == set(names)


def test_permuting_the_table_permutes_nothing_in_the_answer(trained: ZeroShotClassifier) -> None:
    order = list(trained.table.names)[::-1]
    permuted = trained.with_classes(trained.table.select(order))
    image = draw("yellow", 8)
    for mine, other in zip(trained.predict(image)[0].top, permuted.predict(image)[0].top, strict=True):
        assert mine.label == other.label
        assert mine.probability == pytest.approx(other.probability, abs=1e-5)


def test_more_seen_penalty_means_fewer_seen_labels(trained: ZeroShotClassifier) -> None:
    images = [draw(colour, seed) for colour in COLOURS for seed in range(4)]
    counts = [
        sum(p.is_seen for p in trained.with_seen_penalty(penalty).predict(images))
        for penalty in (-1e3, 0, 1e3)
    ]
    assert counts[0] == len(images)
    assert counts[0] >= counts[1] >= counts[2] == 0


def test_a_head_made_from_a_file_of_features_says_that_it_reads_no_photos(
    trained: ZeroShotClassifier, tmp_path: Path
) -> None:
    nameless = replace(trained.head, backbone=replace(trained.head.backbone, weights_sha256=""))
    path = tmp_path / "head.safetensors"
    save_head(nameless, path)
    with pytest.raises(DataError, match="trained on a file of features"):
        ZeroShotClassifier.load(path)


def test_classes_come_go_and_are_renamed(trained: ZeroShotClassifier) -> None:
    few = trained.remove_classes(["cyan"])
    assert "cyan" not in few.table.names
    assert few.head.table is few.table
    again = few.add_classes(trained.table.select(["cyan"]), learn=True)
    assert again.predict(draw("cyan", 7))[0].label == "cyan"
    named = again.rename_classes({"cyan": "turquoise"})
    assert named.predict(draw("cyan", 7))[0].label == "turquoise"
    assert "cyan" in trained.table.names


def test_all_probabilities_are_in_the_order_of_the_classes(trained: ZeroShotClassifier) -> None:
    images = [draw("red", 3), draw("blue", 3)]
    probabilities = trained.predict_proba(images)
    assert trained.classes == trained.table.names
    assert probabilities.shape == (2, len(COLOURS))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    for row, prediction in zip(probabilities, trained.predict(images, top_k=99), strict=True):
        assert trained.classes[row.argmax()] == prediction.label
        for candidate in prediction.top:
            of_class = row[trained.classes.index(candidate.label)]
            assert of_class == pytest.approx(candidate.probability, abs=1e-6)


def test_what_is_no_image_at_all_is_refused_at_the_call(trained: ZeroShotClassifier) -> None:
    for images in (3, None, 1.5):
        for call in (trained.predict, trained.stream, trained.predict_proba):
            with pytest.raises(ImageError, match="expected a path, a PIL image, an array, bytes, or"):
                call(images)
    with pytest.raises(ImageError, match=r"array\.transpose\(1, 2, 0\)"):
        trained.predict(np.zeros((3, 30, 40), np.uint8))
    with pytest.raises(ImageError, match=r"list\(array\)"):
        trained.predict(np.zeros((2, 30, 40, 3), np.uint8))
    with pytest.raises(ImageError, match=r"list\(array\.transpose\(0, 2, 3, 1\)\)"):
        trained.predict(np.zeros((2, 3, 30, 40), np.uint8))


@pytest.mark.parametrize(
    "call",
    [
        lambda c: c.predict([], top_k=0),
        lambda c: c.predict([], top_k="3"),
        lambda c: c.stream([], top_k=1.5),
        lambda c: c.stream([], batch_size=0),
        lambda c: c.with_min_confidence(3),
        lambda c: c.with_min_confidence("0.5"),
        lambda c: c.with_seen_penalty(float("nan")),
        lambda c: c.with_seen_penalty("much"),
        lambda c: c.with_seen_penalty(None),
        lambda c: c.with_classes(3),
        lambda c: c.with_taxonomy(["red"]),
        lambda c: c.add_classes(None),
        lambda c: c.rename_classes(["red"]),
        lambda c: c.label_features(np.zeros((2, 3))),
        lambda c: c.label_features(np.full((2, 24), np.nan)),
        lambda c: ZeroShotClassifier.load(3),
    ],
)
def test_a_wrong_argument_is_an_error_of_ours_at_the_call(
    trained: ZeroShotClassifier, call: Callable[[ZeroShotClassifier], object]
) -> None:
    with pytest.raises(ZSLError, match=r"expected"):
        call(trained)


def test_the_seen_penalty_may_be_balanced(trained: ZeroShotClassifier) -> None:
    balanced = trained.with_seen_penalty("balanced")
    assert balanced.seen_penalty == trained.head.calibration.balanced_seen_penalty
    assert trained.remove_classes("red").classes == trained.remove_classes(["red"]).classes


def test_a_single_image_can_be_streamed(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    draw("red", 3).save(tmp_path / "a.png")
    (prediction,) = trained.stream(str(tmp_path / "a.png"))
    assert prediction.label == "red"
    assert prediction.facts == PhotoFacts(width=48, height=40)


def test_everything_is_shown_on_one_line(trained: ZeroShotClassifier) -> None:
    (prediction,) = trained.with_explanations().predict(draw("red", 3))
    features = np.zeros((3, 24), np.float32)
    for thing in (
        *(trained, trained.head, trained.table, trained.backbone, prediction),
        *(prediction.explanation, trained.label_features(features)),
    ):
        assert "\n" not in repr(thing)
        assert len(repr(thing)) <= 120
        assert repr(thing).startswith(type(thing).__name__)


def test_copies_and_threads_answer_alike(trained: ZeroShotClassifier) -> None:
    network = partial(copy.copy, trained.backbone.network())  # the fixture's own cannot be pickled
    classifier = replace(trained, backbone=replace(trained.backbone, network=network))
    (expected,) = classifier.predict(draw("red", 3))
    for again in (pickle.loads(pickle.dumps(classifier)), copy.deepcopy(classifier)):
        assert again.predict(draw("red", 3)) == [expected]
    with ThreadPoolExecutor(4) as threads:
        answers = threads.map(lambda _: classifier.predict(draw("red", 3)), range(8))
        assert all(answer == [expected] for answer in answers)


def test_a_folder_gives_the_same_classifier(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    shipped = ZeroShotClassifier.load()
    shipped.with_seen_penalty(1.5).save_pretrained(tmp_path / "mine")
    again = ZeroShotClassifier.from_pretrained(tmp_path / "mine", engine="torch")
    assert (again.classes, again.seen_penalty) == (shipped.classes, 1.5)
    assert again.backbone.engine_name == "torch"
