"""What `--taxonomy` and `--explain` add to each output format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zsl_images.results import Explanation, Prediction

_SHOWN = 5
"""Number of attributes in the table and the CSV; JSON has more."""


@dataclass(frozen=True)
class Details:
    """The fields that were asked for besides a label.

    Args:
        levels: Names of the taxonomy's levels; empty without a taxonomy.
        is_explaining: Whether labels are explained.
    """

    levels: tuple[str, ...] = ()
    is_explaining: bool = False

    def completed(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row of the JSON output with every field, even if the photo could not be read."""
        empty: dict[str, Any] = {"levels": [], "answer": None} if self.levels else {}
        if self.is_explaining:
            empty["explanation"] = None
        return {**row, **{name: row.get(name, value) for name, value in empty.items()}}

    def header(self) -> list[str]:
        """Columns of the CSV output behind those of label files."""
        return ["runner_up", "reasons", "nearest_seen"] if self.is_explaining else []

    def cells(self, row: Mapping[str, Any]) -> list[Any]:
        """The same columns of one row, empty for a failure."""
        cells: list[Any] = []
        if self.is_explaining:
            why = row.get("explanation") or {}
            attributes, near = why.get("attributes", [])[:_SHOWN], why.get("nearest_seen", [])
            cells.append(why.get("runner_up"))
            cells.append("; ".join(f"{one['attribute']} {one['share']:+.3f}" for one in attributes))
            cells.append("; ".join(f"{one['label']} {one['distance']:.3g}" for one in near))
        return cells

    def rows(self, prediction: Prediction) -> Iterator[tuple[str, str, str]]:
        """Label, probability and kind for the additional rows of the printed table."""
        for level in prediction.levels[1:]:
            yield level.label, f"{level.probability:.1%}", level.level
        if prediction.explanation:
            for text in _lines(prediction.explanation):
                yield text, "", "why"


def _lines(why: Explanation) -> Iterator[str]:
    if why.runner_up is not None:
        shares = ", ".join(f"{one.attribute} {one.share:+.0%}" for one in why.attributes[:_SHOWN])
        yield f"{why.label} rather than {why.runner_up}: {shares}"
    if why.nearest_seen:
        near = ", ".join(f"{one.label} {one.distance:.1f}" for one in why.nearest_seen)
        yield f"nearest seen classes: {near}"
