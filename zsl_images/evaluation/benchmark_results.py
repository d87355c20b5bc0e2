"""Benchmark results: figures of recipes and other methods, as values and as JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zsl_images.errors import DataError
from zsl_images.head.head import Head


@dataclass(frozen=True)
class Figure:
    """Mean and population standard deviation (divided by N, not N - 1) over N seeds."""

    mean: float
    sd: float


@dataclass(frozen=True)
class BenchmarkResult:
    """Figures of a recipe, or of another method, on a data set.

    Args:
        recipe: Name of the recipe or method.
        dataset: Name of the data set.
        seeds: Seeds that were run.
        figures: Means over the seeds: T, u, s, H, best_H and AUSUC (per class, in per cent); u, s and
            H without a seen penalty, as the paper gives them; the seen penalty and temperature chosen
            in validation; seconds; and the figures of `calibration_on_test`, if asked for.
        row_classes: Number of classes of the backbone that it learned from, too; see `rows_for`.
        is_conventional: Whether this is the conventional setting, see `run`.
        heads: Trained heads, one per seed.
        paper: The paper's u, s and H, or its T in the conventional setting, if it gives them.
    """

    recipe: str
    dataset: str
    seeds: tuple[int, ...]
    figures: Mapping[str, Figure]
    is_conventional: bool = False
    row_classes: int = 0
    heads: tuple[Head, ...] = field(default=(), repr=False)
    paper: tuple[float, ...] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The fields of the JSON output."""
        figures = {name: asdict(figure) for name, figure in self.figures.items()}
        setting: dict[str, Any] = {"is_conventional": True} if self.is_conventional else {}
        if self.row_classes:
            setting["row_classes"] = self.row_classes
        about = {"recipe": self.recipe, "dataset": self.dataset, "seeds": self.seeds}
        return about | {"sd_kind": "population"} | setting | figures


def read_results(path: str | os.PathLike[str]) -> list[BenchmarkResult]:
    """Read results from JSON: an object of `BenchmarkResult.to_dict`, or a list of them.

    Raises:
        DataError: The file cannot be read, or holds something else.
    """
    try:
        content = json.loads(Path(path).read_text("utf-8"))
        return [
            BenchmarkResult(
                recipe=str(row["recipe"]),
                dataset=str(row["dataset"]),
                seeds=tuple(map(int, row["seeds"])),
                figures={
                    name: Figure(float(value["mean"]), float(value["sd"]))
                    for name, value in row.items()
                    if isinstance(value, dict)
                },
                is_conventional=bool(row.get("is_conventional")),
                row_classes=int(row.get("row_classes", 0)),
            )
            for row in (content if isinstance(content, list) else [content])
        ]
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, AttributeError, OverflowError, RecursionError) as error:
        raise DataError(
            f"{path} holds no results ({error!r}); expected what `zsl benchmark --format json` prints, "
            "or a list of it"
        ) from error


def mean_and_sd(runs: Sequence[Mapping[str, float]]) -> dict[str, Figure]:
    """Each figure's mean and population standard deviation over runs."""
    figures = {}
    for name in runs[0]:
        values = [figures_of_run[name] for figures_of_run in runs]
        figures[name] = Figure(float(np.mean(values)), float(np.std(values)))
    return figures
