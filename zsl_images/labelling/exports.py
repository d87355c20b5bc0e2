"""Exports of a label file for other tools: COCO and Label Studio."""

from __future__ import annotations

import json
import os
from array import array
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from zsl_images.features.extraction import WITHOUT_LABEL
from zsl_images.features.photo_sizes import upright_size
from zsl_images.files import path_of_text, replacing
from zsl_images.labelling.label_files import answered_rows
from zsl_images.version import __version__

UNKNOWN, UNLABELLED = WITHOUT_LABEL
"""Folders and categories of photos that are unlike every candidate, and of others without a label."""

TOOL = "zsl_images"

_UNLABELLED_ID, _UNKNOWN_ID = 0, -1
"""Numbers of these categories, which no class has."""


def write_coco(
    labels: str | os.PathLike[str], path: str | os.PathLike[str], classes: Sequence[str] = ()
) -> None:
    """Write a label file as COCO JSON, with one annotation per photo: a box around the whole picture.

    Each class has the number of its row in `classes`, counted from 1, so that the files of one head
    can be joined. Photos that are gone have no width, height and box.

    Args:
        labels: Label file.
        path: File to write.
        classes: Names of all classes, those of the head first. Labels that are not among them follow
            in the order of the alphabet.

    Raises:
        OutputError: The file cannot be written.
    """
    found, unknown = set(), False
    for row in answered_rows(labels):
        found.add(row["label"])
        unknown |= bool(row["is_unknown"])
    further = sorted(name for name in found - set(classes) if name is not None)
    numbers = {name: number for number, name in enumerate([*classes, *further], 1)}
    categories = [{"id": number, "name": name, "supercategory": ""} for name, number in numbers.items()]
    if None in found:
        categories.append({"id": _UNLABELLED_ID, "name": UNLABELLED, "supercategory": ""})
    if unknown:
        categories.append({"id": _UNKNOWN_ID, "name": UNKNOWN, "supercategory": ""})
    sizes = array("Q")  # width and height of each photo, which are opened once
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        info = {"description": f"Labels by {TOOL} {__version__}", "version": __version__}
        out.write(f'{{"info": {json.dumps(info)},\n"licenses": [],\n"categories": {_json(categories)}')
        out.write(',\n"images": ')
        _write_list(out, (_image(n, row, sizes) for n, row in enumerate(answered_rows(labels), 1)))
        out.write(',\n"annotations": ')
        _write_list(
            out,
            (
                _annotation(n, row, _category(row, numbers), sizes)
                for n, row in enumerate(answered_rows(labels), 1)
            ),
        )
        out.write("}\n")


def write_label_studio(labels: str | os.PathLike[str], path: str | os.PathLike[str]) -> None:
    """Write a label file as Label Studio tasks with predictions, for a person to check.

    The labelling interface needs `<Image name="image" value="$image"/>` and
    `<Choices name="label" toName="image">`; photos are files of Label Studio's local storage.

    Raises:
        OutputError: The file cannot be written.
    """
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        _write_list(out, map(_task, answered_rows(labels)))


def without_label(row: Mapping[str, Any]) -> str:
    """What a photo without a label is sorted under."""
    return UNKNOWN if row["is_unknown"] else UNLABELLED


def _category(row: dict[str, Any], numbers: Mapping[str, int]) -> int:
    return numbers.get(row["label"], _UNKNOWN_ID if row["is_unknown"] else _UNLABELLED_ID)


def _image(number: int, row: dict[str, Any], sizes: array[int]) -> dict[str, Any]:
    width, height = row["width"], row["height"]
    if not (width and height):  # a row of an earlier version
        width, height = upright_size(path_of_text(row["path"])) or (0, 0)
    sizes.extend((width, height))
    known = {"width": width, "height": height} if width else {}
    return {"id": number, "file_name": row["path"], **known}


def _annotation(number: int, row: dict[str, Any], category: int, sizes: array[int]) -> dict[str, Any]:
    width, height = sizes[2 * number - 2 : 2 * number]
    whole = {"bbox": [0, 0, width, height], "area": width * height} if width else {}
    known = {"id": number, "image_id": number, "category_id": category, "score": _score(row)}
    return {**known, **whole, "segmentation": [], "iscrowd": 0}


def _task(row: dict[str, Any]) -> dict[str, Any]:
    answer = {
        "from_name": "label",
        "to_name": "image",
        "type": "choices",
        "value": {"choices": [row["label"] or without_label(row)]},
    }
    place = quote(PurePath(row["path"]).as_posix())  # a part of a query, taken from the root down
    return {
        "data": {"image": f"/data/local-files/?d={place}", "path": row["path"]},
        "predictions": [
            {
                "model_version": f"{TOOL} {row['version']} {row['head']}",
                "score": _score(row),
                "result": [answer],
            }
        ],
    }


def _score(row: dict[str, Any]) -> float | None:
    """The probability of a row; None if somebody has emptied the cell."""
    return None if row["probability"] is None else round(row["probability"], 6)


def _write_list(out: Any, rows: Iterable[Any]) -> None:
    out.write("[")
    for index, row in enumerate(rows):
        out.write((",\n" if index else "\n") + _json(row))
    out.write("\n]")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
