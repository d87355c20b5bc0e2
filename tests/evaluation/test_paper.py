from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from splits import written

from zsl_images.evaluation.benchmarks import recipe_for, run
from zsl_images.evaluation.paper import PAPER_STEPS
from zsl_images.evaluation.xlsa17 import read_xlsa17
from zsl_images.model.recipes import RECIPES, recipe_named
from zsl_images.model.training import generate_and_learn, prepare, warm_up


def test_the_papers_row_stands_beside_it(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PAPER_STEPS, "AWA2", (10, 5))
    steps: dict[str, int] = {}
    data = read_xlsa17(written(dataset.parent / "AWA2"))
    result = run(data, "sgal", 1, on_step=lambda record: steps.update({record.phase: record.steps}))
    assert result.paper == (52.5, 86.3, 65.3)
    assert steps["training: warm-up"] == 10
    assert steps["validation 1/2: generate-and-learn"] < 5  # it learns from fewer rows


@pytest.mark.parametrize("name", PAPER_STEPS)
def test_a_data_set_of_the_paper_is_learned_for_exactly_its_steps(name: str, tmp_path: Path) -> None:
    data = read_xlsa17(written(tmp_path / name))
    recipe, rows, table = recipe_for(data, "sgal"), data.rows["trainval"], data.table
    model, read = prepare(
        data.features[rows], data.labels[rows], table.attributes, table.is_seen, recipe.model
    )
    found = [
        next(phase(model, read, recipe.training, torch.Generator())).steps
        for phase in (warm_up, generate_and_learn)
    ]
    assert tuple(found) == PAPER_STEPS[name]


def test_only_the_papers_recipes_take_the_papers_steps(
    dataset: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = recipe_named("best")
    training = replace(own.training, warm_up_epochs=3, learn_epochs=1, learn_steps=0, batch_size=0)
    monkeypatch.setitem(RECIPES, "fast", replace(own, training=training))
    monkeypatch.setitem(PAPER_STEPS, "AWA2", (10, 5))
    data = read_xlsa17(written(dataset.parent / "AWA2"))

    def steps_of(recipe: str) -> dict[str, int]:
        steps: dict[str, int] = {}
        run(data, recipe, 1, on_step=lambda record: steps.update({record.phase: record.steps}))
        return {phase: steps[phase] for phase in steps if phase.startswith("training")}

    assert steps_of("fast") == {"training: warm-up": 3, "training: generate-and-learn": 1}
    assert steps_of("mmvae") == {"training: warm-up": 10}
