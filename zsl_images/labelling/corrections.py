"""Corrections: labels that people gave to photos, in whatever form they come back.

A label file has them in a column of their own, `correct_label`, which no later run overwrites. The page
of `zsl serve` writes `corrections.csv`. A sorted folder has them as the folder of each photo. Label
Studio exports them as JSON.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from zsl_images.arguments import check_path
from zsl_images.errors import DataError
from zsl_images.features.extraction import WITHOUT_LABEL
from zsl_images.features.photo_paths import find_labelled_images
from zsl_images.labelling.label_files import own_columns_of, read_labels

CORRECT_LABEL = "correct_label"
"""Column of a label file in which people write the right label."""


def read_corrections(labels: str | os.PathLike[str]) -> dict[str, str]:
    """The labels that people gave: path of each photo → label. Photos without one are left out.

    Args:
        labels: Label file with a column `correct_label`, CSV with the columns `path` and `label`, JSON
            export of Label Studio, or folder with one folder of photos per label.

    Raises:
        DataError: It is none of these, or has no labels by people.
    """
    check_path("corrected labels", labels, DataError)
    path = Path(labels)
    if path.is_dir():
        folders = find_labelled_images(path).items()
        found = {str(photo): name for name, photos in folders for photo in photos}
    elif path.suffix.lower() == ".json":
        found = dict(_of_label_studio(path))
    elif path.suffix.lower() == ".csv" and "probability" not in _header(path):
        found = dict(_of_pairs(path))
    else:
        found = dict(_of_label_file(path))
    found = {photo: label for photo, label in found.items() if label and label not in WITHOUT_LABEL}
    if not found:
        raise DataError(
            f"{path} has no labels by people; expected a column {CORRECT_LABEL}, columns path and "
            "label, an export of Label Studio with annotations, or a folder of photos per label"
        )
    return found


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            return next(csv.reader(lines), [])
    except (OSError, ValueError, csv.Error) as error:
        raise DataError(f"{path} cannot be read ({error}); expected a CSV file in UTF-8") from error


def _of_pairs(path: Path) -> Iterator[tuple[str, str]]:
    """Columns path and label, as the page writes them; an apostrophe guards against formulas."""
    if not {"path", "label"} <= {*_header(path)}:
        raise DataError(f"{path} is no label file, and has no columns path and label")
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            yield (row["path"] or "").removeprefix("'"), (row["label"] or "").removeprefix("'").strip()


def _of_label_file(path: Path) -> Iterator[tuple[str, str]]:
    if CORRECT_LABEL not in own_columns_of(path).names:
        raise DataError(
            f"{path} has no column {CORRECT_LABEL}; add it, and write the right label into the rows "
            "that are wrong"
        )
    for table in read_labels(path, with_own=True):
        columns = (table[name].to_pylist() for name in ("path", CORRECT_LABEL))
        for photo, label in zip(*columns, strict=True):
            yield photo, _text(label)


def _text(cell: Any) -> str:
    """The label in a cell; values of a user's own are JSON in files of JSON lines."""
    text = str(cell or "").strip()
    try:
        value = json.loads(text)
    except ValueError:
        return text.removeprefix("'")
    return value.strip() if isinstance(value, str) else text


def _of_label_studio(path: Path) -> Iterator[tuple[str, str]]:
    """The choices of each task that a person has annotated, and did not cancel."""
    try:
        tasks = json.loads(path.read_text("utf-8"))
        for task in tasks:
            for annotation in task.get("annotations") or ():
                if not annotation.get("was_cancelled"):
                    for result in annotation["result"]:
                        for choice in result["value"].get("choices", ())[:1]:
                            yield _photo_of(task["data"]), choice
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} is no JSON export of Label Studio ({error or type(error).__name__}); export the "
            "project as JSON"
        ) from error


def _photo_of(data: Mapping[str, str]) -> str:
    """The path of a task's photo: our own field, or the one that local storage gives."""
    if "path" in data:
        return data["path"]
    return "/" + parse_qs(urlsplit(data["image"]).query)["d"][0].lstrip("/")
