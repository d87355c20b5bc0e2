from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawing import draw

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.taxonomy import Taxonomy
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.errors import ClassTableError, ClassTableWarning, DataError
from zsl_images.head.feature_classifier import FeatureClassifier
from zsl_images.head.head_file import load_head


def test_a_table_on_another_scale_is_warned_of(trained: ZeroShotClassifier) -> None:
    table = replace(trained.table, attributes=trained.table.attributes / 255)
    with pytest.warns(ClassTableWarning, match="same scale"):
        trained.with_classes(table)


def test_a_table_without_the_heads_attributes_is_refused(trained: ZeroShotClassifier) -> None:
    with pytest.raises(ClassTableError, match=r"4 of the 4 attributes .* are missing"):
        trained.with_classes(ClassTable(("x",), ("wings",), np.ones((1, 1))))


def test_only_unseen_needs_an_unseen_class(trained: ZeroShotClassifier) -> None:
    seen = trained.with_classes(trained.table.select(["red", "blue"]))
    with pytest.raises(ClassTableError, match="every candidate is a seen class"):
        seen.only_unseen()


def test_no_candidates_asked_for_is_an_error(trained: ZeroShotClassifier) -> None:
    with pytest.raises(DataError, match="top_k is 0"):
        trained.predict(draw("red", 0), top_k=0)
    with pytest.raises(DataError, match="top_k is 0"):
        trained.label_features(np.zeros((1, 24), np.float32), top_k=0)


def test_saved_it_keeps_its_candidates(trained: ZeroShotClassifier, tmp_path: Path) -> None:
    two = trained.with_classes(trained.table.select(["red", "cyan"])).with_seen_penalty(1.5)
    two.save(tmp_path / "two.safetensors")
    head = load_head(tmp_path / "two.safetensors")
    assert head.table.names == ("red", "cyan")
    assert head.calibration.seen_penalty == 1.5


def test_what_a_class_learned_later_follows_its_name_into_other_tables(
    trained: ZeroShotClassifier,
) -> None:
    push = np.full(trained.head.model.config.latent_dim, 0.5, np.float32)
    moved = trained.with_head(replace(trained.head, residuals={"cyan": push}))
    two = moved.with_classes(trained.table.select(["cyan", "red"]))
    difference = two.class_priors() - trained.with_classes(two.table).class_priors()
    np.testing.assert_allclose(difference[0], push, atol=1e-5)
    assert not difference[1].any()


def test_candidates_missing_in_the_taxonomy_are_refused_at_once(
    trained: ZeroShotClassifier,
) -> None:
    tree = Taxonomy(("colour", "all"), {name: (name, "colour") for name in trained.table.names})
    rooted = trained.with_taxonomy(tree)
    table = replace(trained.table.select(["cyan"]), names=("mauve",))
    for grow in (rooted.with_classes, rooted.add_classes):
        with pytest.raises(ClassTableError, match=r"missing in the taxonomy: mauve"):
            grow(table)


def test_tables_and_taxonomies_may_be_given_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    classifier = FeatureClassifier.load().with_classes("awa2.csv").with_taxonomy("awa2-groups")
    assert len(classifier.table) == 50
    assert classifier.taxonomy is not None
    assert classifier.taxonomy.levels[1:] == ("kind", "family", "order", "class")
