"""Outputs: the exports to make from a label file, one per field of `Outputs`."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, Literal

from zsl_images.errors import DataError
from zsl_images.files import check_writable
from zsl_images.labelling.exports import sort_photos, write_coco, write_label_studio, write_sidecars
from zsl_images.labelling.label_files import check_suffix

StrPath = str | os.PathLike[str]


def _export(
    kind: Literal["file", "folder", "flag"], write: Callable[..., str | None], help: str
) -> dict[str, Any]:
    """Metadata of a field of `Outputs`; `write(labels, value)` may return a line to report."""
    return {"kind": kind, "write": write, "help": help}


def _write_sidecars(labels: StrPath, _: bool) -> str | None:
    left = write_sidecars(labels)
    return f"{left} sidecars of other programs were left as they are" if left else None


def _sort(how: Literal["move", "copy", "link"], labels: StrPath, folder: StrPath) -> str:
    there, gone = sort_photos(labels, folder, how)
    return f"{folder}: {there} photos" + (f"; {gone} are gone" if gone else "")


@dataclass(frozen=True)
class Outputs:
    """The exports to make from a label file.

        outputs = Outputs(coco="coco.json", copy="sorted")
        outputs.check(["photos"], "labels.parquet")
        label(classifier, find_images(["photos"]), "labels.parquet")
        outputs.write("labels.parquet")

    Args:
        coco: COCO JSON file to write.
        label_studio: File of Label Studio tasks to write.
        xmp: Whether to write an XMP sidecar beside each photo.
        move: Folder to move the photos into, with one subfolder per label.
        copy: Folder to copy them into instead.
        link: Folder to link to them from instead.

    Raises:
        DataError: More than one of `move`, `copy` and `link`.
    """

    move: StrPath | None = field(
        default=None,
        metadata=_export(
            "folder",
            partial(_sort, "move"),
            "Move the photos into this folder, one subfolder per label.",
        ),
    )
    copy: StrPath | None = field(
        default=None,
        metadata=_export("folder", partial(_sort, "copy"), "Copy them into this folder instead."),
    )
    link: StrPath | None = field(
        default=None,
        metadata=_export("folder", partial(_sort, "link"), "Link to them from this folder instead."),
    )
    coco: StrPath | None = field(
        default=None, metadata=_export("file", write_coco, "Also write the labels as COCO JSON.")
    )
    label_studio: StrPath | None = field(
        default=None,
        metadata=_export(
            "file",
            write_label_studio,
            "Also write the labels as Label Studio tasks with predictions.",
        ),
    )
    xmp: bool = field(
        default=False,
        metadata=_export(
            "flag", _write_sidecars, "Also write a sidecar PHOTO.xmp with the label as a keyword."
        ),
    )

    def __post_init__(self) -> None:
        if len(self._chosen("folder")) > 1:
            raise DataError("photos can be sorted in one way only; give one of move, copy and link")

    def check(
        self,
        inputs: Iterable[StrPath],
        labels: StrPath,
        *,
        features: StrPath | None = None,
        prune: bool = False,
    ) -> None:
        """Check, before any photo is opened, that everything can be written.

        Args:
            inputs: Folders, files and glob patterns of the photos, as given to `find_images`.
            labels: The label file.
            features: The feature file, if there is one.
            prune: Whether rows of photos that are gone will be dropped.

        Raises:
            DataError: A file is named twice, a folder is inside the inputs, `labels` does not end like
                a label file's name, or `prune` is combined with `move`.
            OutputError: A file cannot be written.
        """
        check_suffix(labels)
        if self.move is not None and prune:
            raise DataError(
                "prune would drop the rows of the photos that move takes away; leave one out"
            )
        files = [Path(path) for path in (labels, features, *self._chosen("file")) if path is not None]
        if len({path.resolve() for path in files}) < len(files):
            raise DataError("labels, features and exports need different files; rename one of them")
        for target in map(Path, self._chosen("folder")):
            for given in map(_fixed_part, inputs):
                if given.is_dir() and target.resolve().is_relative_to(given.resolve()):
                    raise DataError(
                        f"{target} is inside {given}, so its photos would be labelled again; choose "
                        "another folder"
                    )
        for path in files:
            check_writable(path)

    def write(self, labels: StrPath) -> list[str]:
        """Write everything that was chosen.

        Returns:
            One line for each export that has something to report.

        Raises:
            DataError: `labels` cannot be read.
            OutputError: Something cannot be written.
        """
        lines = []
        # Photos move last, since the other exports look for them in their old place.
        for export in sorted(fields(self), key=lambda one: one.metadata["kind"] == "folder"):
            if value := getattr(self, export.name):
                lines.append(export.metadata["write"](labels, value))
        return [line for line in lines if line]

    def _chosen(self, kind: str) -> list[StrPath]:
        chosen = [getattr(self, one.name) for one in fields(self) if one.metadata["kind"] == kind]
        return [value for value in chosen if value is not None]


def _fixed_part(given: StrPath) -> Path:
    """The folder that a pattern starts from; any other path as it is."""
    path = Path(given)
    while glob.has_magic(str(path)):
        path = path.parent
    return path
