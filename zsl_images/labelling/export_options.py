"""Outputs: the exports to make from a label file, one per field of `Outputs`."""

from __future__ import annotations

import glob
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, Literal

from zsl_images.arguments import check_path
from zsl_images.errors import DataError, counted
from zsl_images.features.archives import is_archive
from zsl_images.files import check_writable, path_of_text
from zsl_images.labelling.export_failures import Failures
from zsl_images.labelling.transfers import How
from zsl_images.results import Failure

StrPath = str | os.PathLike[str]


@dataclass(frozen=True)
class _Context:
    """What an export may need besides its value.

    Args:
        labels: Label file.
        classes: Names of all classes, those of the head first.
        roots: Folders whose subfolders are kept.
        failures: Takes the photos that cannot be exported.
        features: Feature file, or None.
    """

    labels: StrPath
    classes: Sequence[str]
    roots: Sequence[Path]
    failures: Failures
    features: StrPath | None


def _option(
    kind: Literal["file", "folder", "flag", "setting"],
    help: str,
    write: Callable[[_Context, Any], str | None] = lambda context, value: None,
) -> dict[str, Any]:
    """Metadata of a field of `Outputs`; `write(context, value)` may return a line to report."""
    return {"kind": kind, "write": write, "help": help}


def _write_coco(context: _Context, path: StrPath) -> None:
    from zsl_images.labelling.exports import write_coco

    write_coco(context.labels, path, context.classes)


def _write_label_studio(context: _Context, path: StrPath) -> None:
    from zsl_images.labelling.exports import write_label_studio

    write_label_studio(context.labels, path)


def _write_sidecars(context: _Context, _: bool) -> str | None:
    from zsl_images.labelling.sidecars import write_sidecars

    left = write_sidecars(context.labels, context.failures)
    return f"left as before: {counted(left, 'sidecar')} of other programs" if left else None


def _sort(how: How, context: _Context, folder: StrPath) -> str:
    from zsl_images.labelling.sorting import sort_photos

    found = sort_photos(context.labels, folder, how, context.roots, context.failures, context.features)
    parts = [f"{folder}: {counted(found.there, 'photo')}"]
    if found.gone:
        parts.append(f"gone: {counted(found.gone, 'photo')}")
    if found.taken:
        parts.append(f"left alone: {counted(found.taken, 'copy')} that you took away or changed")
    if found.left:
        parts.append(f"left behind: {counted(found.left, 'file')} with the name of a photo")
    return "; ".join(parts)


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
        keep_tree: Whether they keep their subfolders below the folder of a label.

    Raises:
        DataError: More than one of `move`, `copy` and `link`, or `keep_tree` with none of them.
    """

    move: StrPath | None = field(
        default=None,
        metadata=_option(
            "folder",
            "Move the photos into this folder, one subfolder per label; rows get the new paths.",
            partial(_sort, "move"),
        ),
    )
    copy: StrPath | None = field(
        default=None,
        metadata=_option("folder", "Copy them into this folder instead.", partial(_sort, "copy")),
    )
    link: StrPath | None = field(
        default=None,
        metadata=_option("folder", "Link to them from this folder instead.", partial(_sort, "link")),
    )
    keep_tree: bool = field(
        default=False,
        metadata=_option("setting", "Keep the subfolders of the photos below the folder of a label."),
    )
    coco: StrPath | None = field(
        default=None, metadata=_option("file", "Also write the labels as COCO JSON.", _write_coco)
    )
    label_studio: StrPath | None = field(
        default=None,
        metadata=_option(
            "file",
            "Also write the labels as Label Studio tasks with predictions.",
            _write_label_studio,
        ),
    )
    xmp: bool = field(
        default=False,
        metadata=_option(
            "flag", "Also write a sidecar PHOTO.xmp with the label as a keyword.", _write_sidecars
        ),
    )

    def __post_init__(self) -> None:
        if len(self._chosen("folder")) > 1:
            raise DataError("photos can be sorted in one way only; give one of move, copy and link")
        for path in (*self._chosen("folder"), *self._chosen("file")):
            check_path("a path", path, DataError)
        if self.keep_tree and not self._chosen("folder"):
            raise DataError("keep_tree has no effect without move, copy or link; leave it out")

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
                a label file's name, `prune` is combined with `move`, or an archive of photos, which
                are no files that can be sorted, is among the inputs.
            OutputError: A file cannot be written.
        """
        from zsl_images.labelling.label_files import check_suffix

        check_suffix(labels)
        inputs = list(inputs)
        if self.xmp or self._chosen("folder"):
            _refuse_archives(inputs)
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

    def write(
        self,
        labels: StrPath,
        *,
        inputs: Iterable[StrPath] = (),
        classes: Sequence[str] = (),
        features: StrPath | None = None,
        on_failure: Callable[[Failure], None] | None = None,
    ) -> list[str]:
        """Write everything that was chosen.

        Args:
            labels: Label file.
            inputs: Folders, files and glob patterns of the photos; `keep_tree` keeps the subfolders
                of these folders. If there are none, those below the folder that all photos share.
            classes: Names of all classes, those of the head first, which COCO numbers by.
            features: The feature file, if there is one; `move` writes the new paths into it too.
            on_failure: Called for each photo that cannot be exported. Default: an error at the end.

        Returns:
            One line for each export that has something to report.

        Raises:
            DataError: `labels` cannot be read.
            OutputError: Something cannot be written.
        """
        lines = []
        roots = _roots(labels, inputs) if self.keep_tree else []
        with Failures.taken_by(None if on_failure is None else Failures()) as failures:
            context = _Context(labels, classes, roots, failures, features)
            # Sidecars come first, since they move with their photos; then the files, with new paths.
            for export in sorted(fields(self), key=lambda one: _ORDER.index(one.metadata["kind"])):
                if value := getattr(self, export.name):
                    lines.append(export.metadata["write"](context, value))
        if on_failure:
            for failure in failures:
                on_failure(failure)
        return [line for line in lines if line]

    def _chosen(self, kind: str) -> list[StrPath]:
        chosen = [getattr(self, one.name) for one in fields(self) if one.metadata["kind"] == kind]
        return [value for value in chosen if value is not None]


def _refuse_archives(inputs: Iterable[StrPath]) -> None:
    for given in map(Path, inputs):
        if is_archive(given):
            raise DataError(
                f"the photos in {given} are no files of their own, which can be moved, copied, linked "
                "or have sidecars; unpack it first"
            )


_ORDER = ("setting", "flag", "folder", "file")


def _roots(labels: StrPath, inputs: Iterable[StrPath]) -> list[Path]:
    """The folders among `inputs`, or else the one that all photos share."""
    folders = [folder for folder in map(_fixed_part, inputs) if folder.is_dir()]
    if folders:
        return folders
    common: str | None = None
    from zsl_images.labelling.label_files import read_labels

    for table in read_labels(labels):
        for path in table["path"].to_pylist():
            parent = os.path.dirname(path)  # noqa: PTH120
            common = parent if common is None else os.path.commonpath([common, parent])
    return [path_of_text(common)] if common else []


def _fixed_part(given: StrPath) -> Path:
    """The folder that a pattern starts from; any other path as it is."""
    path = Path(given)
    while glob.has_magic(str(path)):
        path = path.parent
    return path
