"""Sorting: the photos of a label file are moved, copied or linked into one folder per label."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from hashlib import blake2b
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple, TypeVar

import pyarrow as pa

from zsl_images.errors import OutputError
from zsl_images.features.photo_rows import stamps_in
from zsl_images.features.stamps import STAMP, Stamp, stamp_of
from zsl_images.files import absolute, make_folder, path_of_text, path_text, shortened
from zsl_images.labelling.copy_record import CopyRecord
from zsl_images.labelling.export_failures import Failures
from zsl_images.labelling.exports import without_label
from zsl_images.labelling.label_files import is_for_excel, own_columns_of, read_labels, write_labels
from zsl_images.labelling.locks import locked
from zsl_images.labelling.moved_features import followed
from zsl_images.labelling.sidecars import Companions, bring_sidecars
from zsl_images.labelling.transfers import How, is_transferred, remove_empty, transfer

T = TypeVar("T")


@dataclass
class Sorted:
    """What became of the photos.

    Args:
        there: Number of photos that are in the folder of their label.
        gone: Number of photos that are in neither place.
        taken: Number of photos whose copies somebody has moved away, deleted or changed; they get no
            others.
        left: Number of files that have the name of a moved photo and stay behind.
    """

    there: int = 0
    gone: int = 0
    taken: int = 0
    left: int = 0


def sort_photos(
    labels: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    how: How,
    roots: Sequence[Path] = (),
    failures: Failures | None = None,
    features: str | os.PathLike[str] | None = None,
) -> Sorted:
    """Move, copy or link the photos of a label file into `folder`, with one subfolder per label.

    The label is the answer, if there is a taxonomy. Unknown photos go into a folder `unknown`, others
    without a label into `unlabelled`; photos that could not be read stay in their place.
    If two photos of a label have the same name, the second one's name gets a few letters of a hash.
    Photos that have already arrived are skipped, so the same call continues after an interruption; they
    follow their label if it has changed. Rows of moved photos get the new paths, also in the feature
    file. A link to a photo stays a link. Sidecars go with their photos.

    Args:
        labels: Label file.
        folder: Folder to sort into.
        how: What to do with the photos.
        roots: Folders whose subfolders are kept below the folder of a label. Default: none are kept.
        failures: Takes the photos that cannot be sorted; they stay in their old place. Default: an
            error at the end.
        features: Feature file of the photos, if there is one.

    Raises:
        DataError: The label file cannot be read.
        OutputError: A photo cannot be sorted, or another run is writing one of the files.
    """
    labels, folder = Path(labels), make_folder(absolute(folder))
    with Failures.taken_by(failures) as failed, locked(labels):
        sorting = _Sorting(folder, how, roots, failed)
        if how == "move":
            own = own_columns_of(labels)
            tables = read_labels(labels, with_own=True)
            with locked(Path(features)) if features else nullcontext():
                rows = (
                    followed(tables, sorting.moved, Path(features))
                    if features
                    else map(sorting.moved, tables)
                )
                write_labels(rows, labels, own, is_for_excel=is_for_excel(labels))
        else:
            record = CopyRecord(labels, folder)
            record.write(sorting.copied(table, record) for table in read_labels(labels))
        if sorting.stopped:
            raise sorting.stopped
    return sorting.result


class _Photo(NamedTuple):
    """A photo of a label file.

    Args:
        stamp: The photo when it was labelled.
        path: Where it was then.
        label: Name of the folder of its label.
        is_failure: Whether it could not be read.
    """

    stamp: Stamp
    path: Path
    label: str
    is_failure: bool


class _Sorting:
    """The photos of one label file on their way into one folder."""

    def __init__(self, folder: Path, how: How, roots: Sequence[Path], failures: Failures) -> None:
        self.folder, self.how, self.failures = folder, how, failures
        self.roots = sorted((Path(absolute(root)) for root in roots), key=lambda root: len(root.parts))
        self.companions = Companions()
        self.result = Sorted()
        self.stopped: OutputError | None = None

    def moved(self, rows: pa.Table) -> pa.Table:
        """The rows after their photos were moved, with their new paths."""
        photos = _photos_in(rows)
        if not photos:
            return rows
        stamps = [p.stamp if p.is_failure else self._tried(self._move, p, p.stamp) for p in photos]
        for name, values in zip(STAMP, zip(*stamps, strict=True), strict=True):
            at = rows.schema.get_field_index(name)
            field = rows.schema.field(at)
            rows = rows.set_column(at, field, pa.array(values, field.type))
        return rows

    def copied(self, rows: pa.Table, record: CopyRecord) -> tuple[list[Stamp], list[Path | None]]:
        """The photos of rows, and where the copy of each is."""
        photos = [photo for photo in _photos_in(rows) if not photo.is_failure]
        earlier = record.find([photo.stamp for photo in photos])
        copies = [self._tried(self._copy, *one) for one in zip(photos, earlier, strict=True)]
        return [photo.stamp for photo in photos], copies

    def _tried(self, place: Callable[[_Photo, T], T], photo: _Photo, now: T) -> T:
        """What `place` makes of a photo and of where it is now; the latter if that fails."""
        if self.stopped:
            return now
        folder = self.folder / photo.label
        try:
            with self.failures.at(photo.stamp.path, f"cannot {self.how} {photo.path} to {folder}"):
                return place(photo, now)
        except OutputError as error:  # which every further photo would meet
            self.stopped = error
        return now

    def _move(self, photo: _Photo, now: Stamp) -> Stamp:
        if self._has_label(photo.path, photo) and os.path.lexists(photo.path):
            self.result.there += 1
            return now
        is_as_labelled = stamp_of(photo.path)[1:] == now[1:]
        target = None
        if os.path.lexists(photo.path):
            target = self._free_target(photo, photo.path)
            transfer(photo.path, target, "move")
        elif target := self._earlier_target(photo):  # of a run that was killed
            is_as_labelled = True
        if target is None:
            self.result.gone += 1
            return now
        self.result.there += 1
        self._bring_sidecars(photo.path, target, "move")
        there = stamp_of(target)
        return there if is_as_labelled else Stamp(there.path, *now[1:])

    def _copy(self, photo: _Photo, copy: Path | None) -> Path | None:
        if copy and is_transferred(photo.stamp, photo.path, copy, is_known=True):
            copy = self._with_label(photo, copy)
        elif earlier := self._earlier_target(photo):  # of a run that was killed
            copy = earlier
        elif copy:
            self.result.taken += 1
            return self.folder
        elif not os.path.lexists(photo.path):
            self.result.gone += 1
            return None
        elif not self._has_label(photo.path, photo):  # else it was moved there before
            copy = self._free_target(photo, photo.path)
            transfer(photo.path, copy, self.how)
        self.result.there += 1
        if copy:
            self._bring_sidecars(photo.path, copy, self.how)
        return copy

    def _with_label(self, photo: _Photo, copy: Path) -> Path:
        """The copy of a photo, moved if its label has changed."""
        if self._has_label(copy, photo):
            return copy
        target = self._free_target(photo, copy)
        transfer(copy, target, "move")
        self._bring_sidecars(copy, target, "move")
        remove_empty(copy.parent, self.folder)
        return target

    def _bring_sidecars(self, photo: Path, target: Path, how: How) -> None:
        """Bring what describes a photo; if that fails, the photo itself has arrived all the same."""
        try:
            with self.failures.at(path_text(photo), f"cannot {how} the sidecars of {photo}"):
                left = bring_sidecars(self.companions, photo, target, how)
                self.result.left += left * (how == "move")
        except OutputError as error:
            self.stopped = error

    def _has_label(self, path: Path, photo: _Photo) -> bool:
        """Whether a path is in the folder of a photo's label, or in one of its subfolders."""
        return path.is_relative_to(self.folder / photo.label)

    def _free_target(self, photo: _Photo, now: Path) -> Path:
        """A path in the folder of a photo's label at which there is no file."""
        return next(path for path in self._targets(photo, now) if not os.path.lexists(path))

    def _earlier_target(self, photo: _Photo) -> Path | None:
        """Where a photo is in the folder of its label already; None if it is not."""
        for path in islice(self._targets(photo, photo.path), 3):
            if is_transferred(photo.stamp, photo.path, path):
                return path
        return None

    def _targets(self, photo: _Photo, now: Path) -> Iterator[Path]:
        """Paths in the folder of a photo's label, in the order in which they are tried."""
        folder = self.folder / photo.label / self._subfolder(now)
        yield folder / photo.path.name
        for number in count():
            version = repr((*photo.stamp, number)).encode()
            letters = blake2b(version, digest_size=4).hexdigest()
            yield folder / shortened(f"{photo.path.stem}-{letters}{photo.path.suffix}")

    def _subfolder(self, now: Path) -> Path:
        """The subfolders that a photo keeps: those that it has now, below a label or a root."""
        if now.is_relative_to(self.folder):
            return Path(*now.relative_to(self.folder).parts[1:-1])
        for root in self.roots:
            if now.is_relative_to(root):
                return now.parent.relative_to(root)
        return Path()


def _photos_in(rows: pa.Table) -> list[_Photo]:
    columns = rows.select(["answer", "label", "is_unknown", "error"]).to_pylist()
    return [
        _Photo(
            stamp,
            Path(absolute(path_of_text(stamp.path))),
            _folder_name(row["answer"] or row["label"] or without_label(row)),
            row["error"] is not None,
        )
        for stamp, row in zip(stamps_in(rows), columns, strict=True)
    ]


def _folder_name(label: str) -> str:
    """The name of a class as that of one folder; characters that a folder cannot have become `_`."""
    name = "".join("_" if letter in '/\\:*?"<>|' or letter < " " else letter for letter in label)
    return shortened(name.strip(". ")) or "_"
