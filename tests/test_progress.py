from __future__ import annotations

from zsl_images.progress import StepRecord


def test_records_of_work_that_learns_nothing_have_no_losses() -> None:
    assert StepRecord("features", 1, 3).losses == {}
    assert StepRecord("a", 1, 3) == StepRecord("a", 1, 3, {})
