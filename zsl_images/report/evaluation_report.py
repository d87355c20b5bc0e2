"""The report on an evaluation: how good a head is, in words and pictures."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path, PurePath
from typing import Any

from zsl_images.classes.class_table import ClassTable
from zsl_images.errors import DataError
from zsl_images.progress import OnStep
from zsl_images.report.heat_map import heat_map
from zsl_images.report.pages import write_page
from zsl_images.report.thumbnails import PagePhoto, load_all

_CONFUSIONS = 40
"""Confusions that are listed, the most frequent first."""

FIGURES = {
    "per_class": "right labels, averaged over classes",
    "per_image": "right labels among all photos",
    "top5": "right class among the five likeliest, averaged over classes",
    "s": "right labels on photos of seen classes (s)",
    "u": "right labels on photos of unseen classes (u)",
    "H": "harmonic mean of these two (H)",
    "T": "right labels on photos of unseen classes, if only those are candidates (T)",
    "AUSUC": "area under the seen-unseen curve (AUSUC)",
    "ECE": "average gap between probability and accuracy (ECE); less is better",
    "coverage": "photos that reach the minimum confidence",
    "answered_accuracy": "right labels among those",
    "unknown_AUROC": "AUROC of the unknown score on photos of other things; 50 % is chance",
}
"""The figures in plain words, in the order of the page."""

_OF_ANSWERED = ("coverage", "answered_accuracy")


def write_evaluation_report(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    attributes: ClassTable | str | os.PathLike[str] | None = None,
    on_step: OnStep | None = None,
) -> None:
    """Write the report on what `zsl evaluate --format json` printed.

    Args:
        source: The JSON.
        out: HTML file to write.
        attributes: Class table, for a heat map of the attributes of the worst classes.
        on_step: Called after each thumbnail.

    Raises:
        ClassTableError: The class table cannot be read.
        DataError: The file cannot be read, holds something else, or is about other classes.
        OutputError: The page cannot be written.
    """
    content = _read(source)
    figures, per_class = dict(content["figures"]), content["per_class"]
    if figures.get("coverage") == 1:  # no photo was held back, so these two say nothing
        figures = {name: value for name, value in figures.items() if name not in _OF_ANSWERED}
    per_class = sorted(per_class, key=lambda one: one["accuracy"])
    worst = [one["label"] for one in per_class]
    heat = heat_map(attributes, worst) if attributes is not None else None
    confusions = [
        (
            *pair,
            [
                PagePhoto(path)
                for path, *mistaken in content.get("mistakes", [])
                if mistaken == pair[:2]
            ],
        )
        for pair in content["confusions"][:_CONFUSIONS]
    ]
    load_all([photo for *_, photos in confusions for photo in photos], on_step)
    write_page(
        "evaluation.html",
        out,
        name=PurePath(source).name,
        figures=[(figures[name], words) for name, words in FIGURES.items() if name in figures],
        per_class=per_class,
        photos=sum(one["photos"] for one in per_class),
        confusions=confusions,
        more_confusions=max(0, len(content["confusions"]) - _CONFUSIONS),
        curve=_line((s, u) for _, s, u in content["curve"]),
        chosen=(figures["s"], figures["u"]) if {"s", "u"} <= figures.keys() else None,
        reliability=content.get("reliability", []),
        failures=content.get("failures", []),
        heat=heat,
        origin=content.get("origin", {}),
    )


def _line(points: Any) -> str:
    """Points (x, y), each 0..1, as those of an SVG line in a square of 300 units."""
    return " ".join(f"{300 * x:.1f},{300 * (1 - y):.1f}" for x, y in points)


def _read(source: str | os.PathLike[str]) -> dict[str, Any]:
    try:
        content = json.loads(Path(source).read_text("utf-8"))
    except OSError as error:
        raise DataError(f"{source} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{source} is no JSON ({error})") from error
    if not _is_evaluation(content):
        raise DataError(
            f"{source} holds no evaluation; expected what `zsl evaluate --format json` prints"
        )
    found: dict[str, Any] = content
    return found


def _is_evaluation(content: Any) -> bool:
    """Whether JSON has the fields of an `Evaluation`."""
    if not isinstance(content, dict):
        return False
    figures, per_class = content.get("figures"), content.get("per_class")
    return (
        isinstance(figures, dict)
        and len(figures) > 0
        and all(map(_is_number, figures.values()))
        and _are_rows(content.get("curve"), _is_number, _is_number, _is_number)
        and _are_rows(content.get("confusions"), _is_text, _is_text, _is_count)
        and _are_rows(content.get("reliability", []), _is_number, _is_number, _is_count)
        and _are_rows(content.get("mistakes", []), _is_text, _is_text, _is_text)
        and isinstance(content.get("origin", {}), dict)
        and isinstance(content.get("failures", []), list)
        and isinstance(per_class, list)
        and all(isinstance(one, dict) and all(map(_has(one), _PER_CLASS)) for one in per_class)
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) < 2**63  # and so neither NaN nor infinite


def _is_count(value: Any) -> bool:
    return _is_number(value) and value > 0


_PER_CLASS: Mapping[str, Callable[[Any], bool]] = {
    "label": _is_text,
    "is_seen": lambda value: isinstance(value, bool),
    "photos": _is_count,
    "accuracy": _is_number,
}


def _has(one: Mapping[str, Any]) -> Callable[[str], bool]:
    return lambda name: _PER_CLASS[name](one.get(name))


def _are_rows(rows: Any, *is_right: Callable[[Any], bool]) -> bool:
    """Whether a value is a list of lists, each with one value per test, which passes it."""
    return isinstance(rows, list) and all(
        isinstance(row, list)
        and len(row) == len(is_right)
        and all(test(value) for test, value in zip(is_right, row, strict=True))
        for row in rows
    )
