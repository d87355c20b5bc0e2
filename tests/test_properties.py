"""Laws that hold for any input that hypothesis can find: scoring, names, what is written and read."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import warnings
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import ClassTableError, ClassTableWarning
from zsl_images.files import path_of_text, path_text
from zsl_images.head.calibration import share_below
from zsl_images.labelling.label_files import read_labels, write_labels
from zsl_images.labelling.label_schema import SCHEMA
from zsl_images.model.scoring import (
    class_probabilities,
    class_scores,
    penalised,
    top_classes,
)
from zsl_images.names import hidden_character, json_of, printable

lawful = settings(derandomize=True, deadline=None, database=None, max_examples=60)
"""The same examples in each run, however fast the machine is."""

NUMBERS = st.floats(-30, 30, width=32, allow_subnormal=False)
LATENTS = arrays.arrays(np.float32, (3, 4), elements=NUMBERS)
PRIORS = arrays.arrays(np.float32, st.tuples(st.integers(2, 6), st.just(4)), elements=NUMBERS)
TEMPERATURES = st.floats(0.125, 100, width=32)


@lawful
@given(LATENTS, PRIORS, arrays.arrays(np.float32, (1, 4), elements=NUMBERS), TEMPERATURES)
def test_a_further_class_raises_no_others_score(
    latents: np.ndarray, priors: np.ndarray, further: np.ndarray, temperature: float
) -> None:
    before = class_scores(latents, priors)
    after = class_scores(latents, np.concatenate([priors, further]))
    np.testing.assert_allclose(after[:, :-1], before, rtol=1e-4, atol=2e-2)
    fewer = class_probabilities(before, temperature)
    more = class_probabilities(np.concatenate([before, after[:, -1:]], axis=1), temperature)
    assert (more[:, :-1] <= fewer + 1e-6).all()


@lawful
@given(LATENTS, PRIORS, TEMPERATURES, st.data())
def test_an_infinite_penalty_gives_the_answer_of_unseen_classes_alone(
    latents: np.ndarray, priors: np.ndarray, temperature: float, data: st.DataObject
) -> None:
    count = len(priors)
    is_seen = np.array(data.draw(st.lists(st.booleans(), min_size=count, max_size=count)))
    if is_seen.all():
        is_seen[0] = False
    scores = class_scores(latents, priors)
    found = class_probabilities(penalised(scores, is_seen, 1e6), temperature)
    alone = class_probabilities(scores[:, ~is_seen], temperature)
    np.testing.assert_allclose(found[:, ~is_seen], alone, atol=1e-5)
    assert (found[:, is_seen] <= 1e-6).all()


@lawful
@given(LATENTS, PRIORS, st.floats(0, 50, width=32), st.floats(0, 50, width=32), TEMPERATURES)
def test_a_higher_penalty_favours_no_seen_class(
    latents: np.ndarray, priors: np.ndarray, one: float, other: float, temperature: float
) -> None:
    is_seen = np.arange(len(priors)) % 2 == 0
    low, high = sorted((one, other))
    scores = class_scores(latents, priors)
    of_seen = [
        class_probabilities(penalised(scores, is_seen, penalty), temperature)[:, is_seen].sum(axis=1)
        for penalty in (low, high)
    ]
    assert (of_seen[1] <= of_seen[0] + 1e-5).all()


@lawful
@given(LATENTS, PRIORS, TEMPERATURES, st.randoms(use_true_random=False))
def test_probabilities_follow_their_classes_and_sum_to_1(
    latents: np.ndarray, priors: np.ndarray, temperature: float, chance: object
) -> None:
    order = list(range(len(priors)))
    chance.shuffle(order)  # type: ignore[attr-defined]
    scores = class_scores(latents, priors)
    found = class_probabilities(scores, temperature)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(
        class_probabilities(scores[:, order], temperature), found[:, order], atol=1e-6
    )
    top, columns = top_classes(found, 3)
    assert (np.diff(top, axis=1) <= 0).all()
    np.testing.assert_array_equal(np.take_along_axis(found, columns, 1), top)
    assert (top[:, 0] == found.max(axis=1)).all()


@lawful
@given(
    arrays.arrays(np.float32, 5, elements=st.floats(0, 1e6, width=32)),
    st.lists(st.floats(0, 1e6, width=32), min_size=1, max_size=101),
)
def test_unknown_scores_rise_with_distance(distances: np.ndarray, known: list[float]) -> None:
    found = share_below(sorted(known), np.sort(distances))
    assert ((found >= 0) & (found <= 1)).all()
    assert (np.diff(found) >= 0).all()


TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)


@lawful
@given(st.text(max_size=30))
def test_what_is_printed_cannot_steer_a_terminal_and_json_says_the_same(text: str) -> None:
    assert hidden_character(printable(text)) is None
    assert json.loads(json_of({"name": text})) == {"name": text}
    assert hidden_character(json_of(text), allowed="\n") is None


@lawful
@given(st.binary(min_size=1, max_size=20).filter(lambda name: not {0, 47, 92} & set(name)))
def test_any_name_of_a_file_is_text_and_found_again(name: bytes) -> None:
    path = Path(name.decode("utf-8", "surrogateescape"))
    text = path_text(path)
    text.encode("utf-8")
    assert path_of_text(text) == path


@lawful
@given(st.lists(TEXTS, min_size=2, max_size=5, unique=True), st.lists(TEXTS, min_size=1, max_size=4))
def test_a_table_that_can_be_made_can_be_written_and_read(names: list[str], columns: list[str]) -> None:
    columns = [f"a{number} {name}" for number, name in enumerate(columns)]
    values = np.arange(len(names) * len(columns), dtype=np.float32).reshape(len(names), -1)
    try:
        table = ClassTable(tuple(names), tuple(columns), values)
    except ClassTableError:
        return
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", ClassTableWarning)
        path = Path(folder) / "table.csv"
        try:
            table.write(path)
        except ClassTableError:
            return
        again = ClassTable.read(path)
        np.testing.assert_array_equal(again.attributes, values)
        assert len(again.names) == len(names)


@lawful
@given(st.lists(st.tuples(TEXTS.filter(bool), TEXTS.filter(bool), st.floats(0, 1)), max_size=4))
def test_labels_of_any_name_come_back(rows: list[tuple[str, str, float]]) -> None:
    table = pa.Table.from_pylist(
        [
            {"path": f"/{path}", "size": 1, "mtime": 1, "label": label, "probability": probability}
            for path, label, probability in rows
        ],
        SCHEMA,
    )
    with tempfile.TemporaryDirectory() as folder:
        for form in ("csv", "jsonl", "parquet"):
            path = Path(folder) / f"labels.{form}"
            write_labels([table], path)
            found = [row for one in read_labels(path) for row in one.to_pylist()]
            assert [(row["path"], row["label"]) for row in found] == [
                (f"/{path}", label) for path, label, _ in rows
            ]
        text = (Path(folder) / "labels.csv").read_bytes().decode()
        assert len(list(csv.reader(io.StringIO(text, newline="")))) == len(rows) + 1
