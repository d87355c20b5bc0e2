from __future__ import annotations

import json
from pathlib import Path

import pytest

from zsl_images.errors import DataError
from zsl_images.evaluation.benchmark_results import BenchmarkResult, mean_and_sd, read_results


def test_the_standard_deviation_is_that_of_a_population() -> None:
    figure = mean_and_sd([{"H": 1.0}, {"H": 3.0}])["H"]
    assert (figure.mean, figure.sd) == (2.0, 1.0)
    assert BenchmarkResult("best", "TOY", (0, 1), {"H": figure}).to_dict()["sd_kind"] == "population"


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    result = BenchmarkResult("best", "TOY", (0, 1), mean_and_sd([{"H": 1.0}, {"H": 3.0}]))
    for content in (result.to_dict(), [result.to_dict()]):
        (tmp_path / "result.json").write_text(json.dumps(content))
        assert read_results(tmp_path / "result.json") == [result]


@pytest.mark.parametrize("content", ["{", "[1]", '{"recipe": "best"}'])
def test_other_files_are_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "other.json").write_text(content)
    with pytest.raises(DataError, match="holds no results"):
        read_results(tmp_path / "other.json")
