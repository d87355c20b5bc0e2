"""Exports of a label file: photos sorted into folders, and files for other tools."""

from __future__ import annotations

import filecmp
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape, quoteattr

from zsl_images.errors import OutputError
from zsl_images.files import make_folder, path_of_text, replacing
from zsl_images.labelling.label_files import read_labels
from zsl_images.version import __version__

UNLABELLED = "unlabelled"
"""Folder and category of photos without a label."""


_TOOL = "zsl_images"


def sort_photos(
    labels: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    how: Literal["move", "copy", "link"],
) -> tuple[int, int]:
    """Move, copy or link the photos of a label file into `folder`, with one subfolder per label.

    Photos that could not be read stay in their place. If two photos of a label have the same name, the
    second one's name gets a few letters of a hash. Photos that have already arrived are skipped, so
    the same call continues after an interruption. A link to a photo stays a link.

    Returns:
        Number of photos that have arrived, and of photos that are in neither place.

    Raises:
        OutputError: A photo cannot be moved, copied or linked; it stays in its old place.
    """
    folder = make_folder(folder)
    there, gone = 0, 0
    for row in _answered(labels):
        source = path_of_text(row["path"])
        target = make_folder(folder / _folder_name(row["label"])) / source.name
        try:
            if _differs(source, target):
                version = f"{row['path']} {source.stat().st_size} {source.stat().st_mtime_ns}"
                letters = blake2b(version.encode(), digest_size=4).hexdigest()
                target = target.with_name(f"{source.stem}-{letters}{source.suffix}")
            if source.exists() and not target.exists():
                _bring(source, target, how)
        except OSError as error:
            raise OutputError(
                f"cannot {how} {source} to {target}: {error.strerror or error}"
            ) from error
        there += target.exists()
        gone += not target.exists()
    return there, gone


def write_coco(labels: str | os.PathLike[str], path: str | os.PathLike[str]) -> None:
    """Write a label file as COCO-style JSON, with one annotation (without a box) per photo.

    Raises:
        OutputError: The file cannot be written.
    """
    numbers: dict[str, int] = {}
    for row in _answered(labels):
        numbers.setdefault(row["label"] or UNLABELLED, len(numbers) + 1)
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8") as out:
        info = {"description": f"Labels by {_TOOL} {__version__}", "version": __version__}
        categories = [{"id": number, "name": name} for name, number in numbers.items()]
        out.write(f'{{"info": {json.dumps(info)},\n"categories": {_json(categories)},\n"images": ')
        _write_list(
            out, ({"id": n, "file_name": row["path"]} for n, row in enumerate(_answered(labels), 1))
        )
        out.write(',\n"annotations": ')
        _write_list(
            out,
            (
                {
                    "id": number,
                    "image_id": number,
                    "category_id": numbers[row["label"] or UNLABELLED],
                    "score": round(row["probability"], 6),
                }
                for number, row in enumerate(_answered(labels), 1)
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
        _write_list(out, map(_task, _answered(labels)))


def write_sidecars(labels: str | os.PathLike[str]) -> int:
    """Write an XMP sidecar `PHOTO.xmp` beside each labelled photo, with its label in dc:subject.

    Sidecars that differ in any way from what we write are not touched. Our own sidecars are removed if
    their photos no longer have labels.

    Returns:
        Number of sidecars that were not touched.

    Raises:
        OutputError: A sidecar cannot be written.
    """
    left = 0
    for row in _answered(labels):
        photo = path_of_text(row["path"])
        sidecar = photo.with_name(f"{photo.name}.xmp")
        try:
            is_there = sidecar.exists()
            if is_there and not _OURS.fullmatch(sidecar.read_text("utf-8", errors="replace")):
                left += 1
            elif row["label"] is None:
                sidecar.unlink(missing_ok=True)
            elif photo.exists():
                with replacing(sidecar) as temporary:
                    temporary.write_text(_sidecar(row["label"]), "utf-8")
        except OSError as error:
            raise OutputError(f"cannot write {sidecar}: {error.strerror or error}") from error
    return left


def _answered(labels: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """The rows of photos that could be read."""
    for table in read_labels(labels):
        for batch in table.to_batches(1024):
            yield from (row for row in batch.to_pylist() if row["error"] is None)


def _folder_name(label: str | None) -> str:
    """The name of a class as that of one folder; characters that a folder cannot have become `_`."""
    name = "".join(
        "_" if letter in '/\\:*?"<>|' or letter < " " else letter for letter in label or UNLABELLED
    )
    return name.strip(". ") or "_"


def _differs(source: Path, target: Path) -> bool:
    """Whether `target` exists and is another photo."""
    if not target.exists() or not source.exists():
        return False
    return not source.samefile(target) and not filecmp.cmp(source, target, shallow=False)


def _bring(source: Path, target: Path, how: Literal["move", "copy", "link"]) -> None:
    if how == "link" or (how == "move" and source.is_symlink()):
        target.symlink_to(source.resolve())
        if how == "move":
            source.unlink()
        return
    if how == "move":
        try:
            source.rename(target)
            return
        except OSError:  # to another file system: copied whole, then removed
            pass
    with replacing(target, keep_mode=True) as temporary:
        shutil.copyfile(source, temporary)
        shutil.copystat(source, temporary)
    if how == "move":
        source.unlink()


def _task(row: dict[str, Any]) -> dict[str, Any]:
    answer = {
        "from_name": "label",
        "to_name": "image",
        "type": "choices",
        "value": {"choices": [row["label"] or UNLABELLED]},
    }
    return {
        "data": {"image": f"/data/local-files/?d={row['path'].lstrip('/')}", "path": row["path"]},
        "predictions": [
            {
                "model_version": f"{_TOOL} {row['version']} {row['head']}",
                "score": round(row["probability"], 6),
                "result": [answer],
            }
        ],
    }


def _sidecar(label: str, version: str = __version__) -> str:
    return (
        f"<x:xmpmeta xmlns:x='adobe:ns:meta/' x:xmptk={quoteattr(f'{_TOOL} {version}')}>\n"
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>\n"
        "<rdf:Description rdf:about='' xmlns:dc='http://purl.org/dc/elements/1.1/'>\n"
        f"<dc:subject><rdf:Bag><rdf:li>{escape(label)}</rdf:li></rdf:Bag></dc:subject>\n"
        "</rdf:Description>\n</rdf:RDF>\n</x:xmpmeta>\n"
    )


_OURS = re.compile(
    re.escape(_sidecar("LABEL", "VERSION")).replace("LABEL", "[^<]*").replace("VERSION", "[^'\"]*")
)
"""A sidecar that we wrote and nobody changed."""


def _write_list(out: Any, rows: Iterable[Any]) -> None:
    out.write("[")
    for index, row in enumerate(rows):
        out.write((",\n" if index else "\n") + _json(row))
    out.write("\n]")


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
