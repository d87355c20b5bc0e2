from __future__ import annotations

from pathlib import Path

from zsl_images.classes.attribute_sheets import AttributeSheet
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.head.indistinct import MOST_PAIRS, indistinct
from zsl_images.progress import StepRecord


def test_only_the_nearest_of_many_pairs_are_listed(tmp_path: Path, trained: ZeroShotClassifier) -> None:
    rows = "".join(f"c{n},{40 + n / 10:g},180,60,94\n" for n in range(600))
    (tmp_path / "table.csv").write_text("class,redness,greenness,blueness,light\n" + rows)
    steps: list[StepRecord] = []
    sheet = AttributeSheet.read(tmp_path / "table.csv")
    *pairs, rest = indistinct(sheet, trained.head, margin=2.0, on_step=steps.append)
    assert [(step.step, step.steps) for step in steps] == [(512, 600), (600, 600)]
    assert len(pairs) == MOST_PAIRS
    assert rest.line is None
    assert "more pairs of classes are hard to distinguish" in rest.message
