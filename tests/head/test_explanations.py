from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawing import COLOURS, draw

from zsl_images.classifier import ZeroShotClassifier
from zsl_images.head.explanations import Explainer, Vectors


def score(classifier: ZeroShotClassifier, latent: Vectors, label: str) -> float:
    row = classifier.table.names.index(label)
    prior = classifier.head.priors_of(classifier.table.attributes[row : row + 1])
    return -float(np.square(latent - prior).sum())


def without(classifier: ZeroShotClassifier, attribute: str) -> ZeroShotClassifier:
    """The classifier whose table has the head's mean in one column."""
    column = classifier.table.attribute_names.index(attribute)
    attributes = classifier.table.attributes.copy()
    attributes[:, column] = classifier.head.table.attributes[:, column].mean()
    return replace(classifier, table=replace(classifier.table, attributes=attributes))


def latent_of(classifier: ZeroShotClassifier, colour: str, seed: int) -> Vectors:
    image = classifier.backbone.pixels(draw(colour, seed))
    latent: Vectors = classifier.head.frozen.latents(classifier.backbone.features(image[None]))[0]
    return latent


def test_influences_are_what_taking_an_attribute_away_costs(trained: ZeroShotClassifier) -> None:
    latent = latent_of(trained, "red", 50)
    label, runner_up = "red", "orange"
    rows = [trained.table.names.index(name) for name in (label, runner_up)]
    found = Explainer(trained.head, trained.table).influences(latent, *rows)

    def lead(classifier: ZeroShotClassifier) -> float:
        return score(classifier, latent, label) - score(classifier, latent, runner_up)

    for attribute, influence in zip(trained.table.attribute_names, found, strict=True):
        cost = lead(trained) - lead(without(trained, attribute))
        assert influence == pytest.approx(cost, abs=1e-3)


def test_shares_are_signed_and_sum_to_one_strongest_first(trained: ZeroShotClassifier) -> None:
    explanation = trained.explain(draw("blue", 50))
    sizes = [abs(influence.share) for influence in explanation.attributes]
    assert sum(sizes) == pytest.approx(1, abs=1e-5)
    assert sizes == sorted(sizes, reverse=True)
    assert {i.attribute for i in explanation.attributes} == set(trained.table.attribute_names)
    blue = {i.attribute: i.value for i in explanation.attributes}
    assert blue["blueness"] == 200


def test_label_runner_up_and_values_are_those_of_the_prediction(trained: ZeroShotClassifier) -> None:
    (prediction,) = trained.with_explanations().predict(draw("yellow", 50), top_k=2)
    explanation = prediction.explanation
    assert explanation is not None
    assert [explanation.label, explanation.runner_up] == [c.label for c in prediction.top]
    column = trained.table.attribute_names.index(explanation.attributes[0].attribute)
    row = trained.table.names.index(explanation.label)
    assert explanation.attributes[0].value == pytest.approx(trained.table.attributes[row, column])
    assert trained.predict(draw("yellow", 50))[0].explanation is None


def test_the_nearest_seen_classes_are_seen_and_in_order(trained: ZeroShotClassifier) -> None:
    explanation = trained.explain(draw("green", 50))
    assert explanation.nearest_seen[0].label == "green"
    distances = [near.distance for near in explanation.nearest_seen]
    assert distances == sorted(distances)
    assert {near.label for near in explanation.nearest_seen} <= set(trained.head.table.seen_names)


def test_one_candidate_has_no_runner_up(trained: ZeroShotClassifier) -> None:
    alone = trained.with_classes(trained.table.select(["cyan"]))
    explanation = alone.explain(draw("cyan", 50))
    assert (explanation.label, explanation.runner_up, explanation.attributes) == ("cyan", None, ())


def test_taking_the_top_attribute_away_costs_more_than_a_random_one(
    trained: ZeroShotClassifier,
) -> None:
    top, others = [], []
    for colour in COLOURS:
        for seed in range(60, 65):
            latent = latent_of(trained, colour, seed)
            explanation = trained.explain(draw(colour, seed))
            best = max(explanation.attributes, key=lambda influence: influence.share).attribute
            cost = {
                name: score(trained, latent, explanation.label)
                - score(without(trained, name), latent, explanation.label)
                for name in trained.table.attribute_names
            }
            top.append(cost[best])
            others.append(np.mean(list(cost.values())))
    assert np.mean(top) > 1.25 * np.mean(others)


def test_a_head_with_no_seen_class_has_no_neighbours(trained: ZeroShotClassifier) -> None:
    explanation = trained.remove_classes(trained.table.seen_names).explain(draw("cyan", 50))
    assert explanation.nearest_seen == ()
    assert explanation.runner_up is not None
