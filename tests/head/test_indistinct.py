from __future__ import annotations

from pathlib import Path

from zsl_images.classes.attribute_sheets import AttributeSheet
from zsl_images.classes.class_table import ClassTable
from zsl_images.classifier import ZeroShotClassifier
from zsl_images.head.indistinct import indistinct


def test_pairs_nearer_than_the_margin_are_named_with_what_would_separate_them(
    trained: ZeroShotClassifier, colour_table: ClassTable, tmp_path: Path
) -> None:
    colour_table.write(tmp_path / "table.csv")
    sheet = AttributeSheet.read(tmp_path / "table.csv")
    assert list(indistinct(sheet, trained.head, margin=0.0)) == []
    found = list(indistinct(sheet, trained.head, margin=1e9))
    count = len(colour_table)
    assert len(found) == count * (count - 1) // 2
    assert all("What would separate them most: " in finding.message for finding in found)
    steps = []
    list(indistinct(sheet, trained.head, margin=0.0, on_step=steps.append))
    assert steps[-1].step == steps[-1].steps
